/** IAM users and roles: a token that a stand-in for Amazon RDS checks by its own calculation. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createAccessKey } from '../../../sandbox/aws-credentials.ts';
import { startSts } from '../../../sandbox/aws-sts.ts';
import { createCertificates } from '../../../sandbox/certificates.ts';
import { startRds } from '../../../sandbox/rds.ts';
import { createComponents } from '../../../src/features/credentials/components.ts';
import type { Configuration } from '../../../src/features/credentials/configuration.ts';
import { createCredentials } from '../../../src/features/credentials/credentials.ts';
import { createMemoryProvider } from '../../support/memory-provider.ts';

const HOST = 'warehouse.abc.eu-central-1.rds.amazonaws.com';
const ROLE = 'arn:aws:iam::111122223333:role/warehouse-reader';

const user = createAccessKey('AKIA');
const service = createAccessKey('AKIA');
const backend = createMemoryProvider();
let directory: string;
let sts: Awaited<ReturnType<typeof startSts>>;
let rds: Awaited<ReturnType<typeof startRds>>;
let ca: string;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rds-'));
  const certificates = await createCertificates({ directory, names: [HOST] });
  ca = certificates.ca;
  sts = await startSts({ roles: [{ arn: ROLE, trusts: service.accessKeyId, externalId: 'agreed' }] });
  rds = await startRds({
    tls: certificates,
    host: HOST,
    region: 'eu-central-1',
    secretOf: (id) => (id === user.accessKeyId ? user.secretAccessKey : sts.secretOf(id)),
  });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_STS: sts.url,
    AWS_ACCESS_KEY_ID: service.accessKeyId,
    AWS_SECRET_ACCESS_KEY: service.secretAccessKey,
  });
  backend.put('myapp/credentials/iam', {
    id: user.accessKeyId,
    key: user.secretAccessKey,
    agreement: 'agreed',
  });
});
after(async () => {
  await Promise.all([sts?.close(), rds?.close()]);
  await rm(directory, { recursive: true });
});

const test = (config: Configuration, { awsPlaces = ['eu-central-1:111122223333'] } = {}) => {
  const { provider: main } = backend;
  const components = createComponents({
    main,
    settings: new Map(),
    prefix: 'myapp/credentials/',
    deploymentDocument: 'myapp/deployment',
  });
  return createCredentials({
    stored: { insert: unused, list: unused, find: unused, remove: unused },
    sources: { components, awsPlaces, azureVaults: [] },
    hosts: [
      { host: HOST, port: rds.port },
      { host: '127.0.0.1', port: rds.port },
    ],
    environment: 'test',
    lookup: async () => ['127.0.0.1'],
  }).testConnection({
    'secret-path': 'myapp/credentials/iam',
    host: HOST,
    port: rds.port,
    username: 'reader',
    ...config,
    extra: { ca_cert: ca, ...config.extra },
  });
};

const unused = () => assert.fail('nothing is stored here');

const iamUser: Configuration = { authType: 'iam-user', 'access-key-id': 'id', 'secret-access-key': 'key' };
const iamRole: Configuration = { authType: 'iam-role', 'role-arn': ROLE, 'external-id': 'agreement' };

describe('IAM user', () => {
  it('logs in with a token that its key signed', async () => {
    assert.ok((await test(iamUser)) >= 0);
  });
  it('is refused with another key', async () => {
    backend.put('myapp/credentials/iam', { id: user.accessKeyId, key: 'another', agreement: 'agreed' });
    await assert.rejects(test(iamUser), { code: 'refused', message: /28P01/ });
    backend.put('myapp/credentials/iam', {
      id: user.accessKeyId,
      key: user.secretAccessKey,
      agreement: 'agreed',
    });
  });
  it('is refused with a token that names another host', async () => {
    const elsewhere = test({ ...iamUser, host: '127.0.0.1', region: 'eu-central-1' });
    await assert.rejects(elsewhere, { message: /28P01/ });
  });
  it('lists what is missing', async () => {
    await assert.rejects(test({ authType: 'iam-user' }), {
      message: 'Missing fields: [access-key-id, secret-access-key]',
    });
    await assert.rejects(test({ ...iamUser, host: '127.0.0.1' }), { message: 'Missing fields: [region]' });
  });
  it('needs its key by reference', async () => {
    await assert.rejects(test({ ...iamUser, 'secret-access-key': 'a key itself' }), {
      message: /Still references/,
    });
  });
});

describe('IAM role', () => {
  it('logs in with a token of the role, which this process may assume with the external id', async () => {
    assert.ok((await test(iamRole)) >= 0);
  });
  it('is refused with another external id', async () => {
    await assert.rejects(test({ ...iamRole, 'external-id': 'other' }), {
      code: 'refused',
      message: 'AWS gives no token for this login (AccessDenied).',
    });
  });
  it('of an account that is not allowed is not tried', async () => {
    await assert.rejects(test(iamRole, { awsPlaces: ['eu-central-1:444455556666'] }), {
      code: 'not-allowed',
    });
  });
  it('lists what is missing', async () => {
    await assert.rejects(test({ authType: 'iam-role' }), {
      message: 'Missing fields: [role-arn, external-id]',
    });
  });
});

describe('the region', () => {
  const onAddress = { ...iamUser, host: '127.0.0.1' };

  it('is never read from a secret', async () => {
    const value = { id: user.accessKeyId, key: user.secretAccessKey, region: 'us-east-1', here: 'us-east-1' };
    backend.put('myapp/credentials/regions', value);
    const config = { ...onAddress, 'secret-path': 'myapp/credentials/regions' };
    await assert.rejects(test(config), { message: 'Missing fields: [region]' });
    await assert.rejects(test({ ...config, region: 'here' }, { awsPlaces: ['us-east-1:111122223333'] }), {
      code: 'not-allowed',
    });
  });

  it('is one of the allowed, in the field and in the name of the host', async () => {
    const awsPlaces = ['eu-west-1:111122223333'];
    const refusal = {
      code: 'not-allowed',
      message: 'region: CREDENTIALS_AWS_ACCOUNTS does not list this region.',
    };
    await assert.rejects(test(iamUser, { awsPlaces }), refusal);
    await assert.rejects(test({ ...onAddress, region: 'eu-central-1' }, { awsPlaces }), refusal);
  });
});

it('a region that would lead out of AWS is refused', async () => {
  for (const region of ['evil.example/', 'eu-central-1.evil.example', 'a@evil.example', '../x'])
    await assert.rejects(test({ ...iamRole, host: '127.0.0.1', region }), {
      message: 'region: CREDENTIALS_AWS_ACCOUNTS does not list this region.',
    });
});

describe('a token', () => {
  it('is not sent to a server without a certificate of the right name', async () => {
    await assert.rejects(test({ ...iamUser, extra: { sslmode: 'require' } }), { message: /verify-full/ });
    await assert.rejects(test({ ...iamUser, extra: { ca_cert: '' } }), {
      code: 'refused',
      message: /certificate/,
    });
    await assert.rejects(test({ ...iamUser, host: 'other.eu-central-1.rds.amazonaws.com' }), {
      code: 'not-allowed',
    });
  });
});
