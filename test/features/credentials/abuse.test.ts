/** What an administrator must not be able to do with a form: read other secrets, see values, look around in a network. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { listen } from '../../../sandbox/http.ts';
import type { Configuration } from '../../../src/features/credentials/configuration.ts';
import {
  CredentialError,
  type CredentialErrorCode,
} from '../../../src/features/credentials/credential-error.ts';
import type { Credentials } from '../../../src/features/credentials/credentials.ts';
import { type Fixture, startFixture } from './fixture.ts';

const CANARY = 'planted-c4n4ry';
let fixture: Fixture;
let credentials: Credentials;
before(async () => {
  fixture = await startFixture();
  credentials = fixture.create();
  const { aws, vault, azure, dapr } = fixture.backends;
  const value = JSON.stringify({ u: fixture.login.username, p: fixture.login.password });
  // What the service itself may read, and connections may not.
  for (const name of ['myapp/database', 'myapp/credentialsx', 'myapp/credentials/mine']) {
    await Promise.all([aws.put(name, value), vault.put(name, value), dapr.put(name, value)]);
    await azure.put(name.replaceAll('/', '-'), value);
  }
  await dapr.put('myapp/credentials/single', fixture.login.password);
});
after(() => fixture?.close());

/** Values that reads brought so far, from every backend. */
const reads = () => {
  const { aws, vault, azure } = fixture.backends;
  return aws.reads.value + vault.reads.value + azure.reads.value;
};

async function refused(
  config: Configuration,
  code: CredentialErrorCode,
  service = credentials,
): Promise<CredentialError> {
  const error = await service
    .testConnection({ ...fixture.server, username: 'u', password: 'p', ...config })
    .then(
      () => assert.fail('it connected'),
      (reason: unknown) => reason,
    );
  assert.ok(error instanceof CredentialError, inspect(error));
  assert.equal(error.code, code, error.message);
  assert.doesNotMatch(inspect(error, { depth: 10, showHidden: true }), new RegExp(CANARY));
  return error;
}

describe('a secret outside of the prefix is not read', () => {
  const arn = (name: string) => fixture.backends.aws.arnOf(name);
  const attempts: [title: string, config: () => Configuration][] = [
    ['direct', () => ({ 'secret-path': 'myapp/database' })],
    ['direct, a name that begins alike', () => ({ 'secret-path': 'myapp/credentialsx' })],
    ['direct, traversal', () => ({ 'secret-path': 'myapp/credentials/../database' })],
    ['direct, encoded traversal', () => ({ 'secret-path': 'myapp/credentials/%2e%2e/database' })],
    ['agent', () => ({ credentialSource: 'agent', 'secret-path': 'myapp/database' })],
    [
      'agent, the main backend by its name',
      () => ({ credentialSource: 'agent', component: 'vault', 'secret-path': 'myapp/database' }),
    ],
    ['agent, a field', () => ({ credentialSource: 'agent', password: 'myapp/database' })],
    [
      'agent, a field inside extra',
      () => ({
        credentialSource: 'agent',
        password: 'myapp/credentials/single',
        extra: { token: 'myapp/database' },
      }),
    ],
    ['aws-secrets', () => ({ credentialSource: 'aws-secrets', secret_arn: arn('myapp/database') })],
    ['vault-secrets', () => ({ credentialSource: 'vault-secrets', path: 'myapp/database' })],
    [
      'vault-secrets, traversal',
      () => ({ credentialSource: 'vault-secrets', path: 'myapp/credentials/../database' }),
    ],
    [
      'vault-secrets, another engine',
      () => ({ credentialSource: 'vault-secrets', path: '../../sys/mounts' }),
    ],
    [
      'azure-secrets',
      () => ({
        credentialSource: 'azure-secrets',
        vault_url: fixture.backends.azure.url,
        name: 'myapp-database',
      }),
    ],
    [
      'azure-secrets, a path',
      () => ({
        credentialSource: 'azure-secrets',
        vault_url: fixture.backends.azure.url,
        name: 'myapp-credentials-mine/../../keys',
      }),
    ],
  ];
  for (const [title, config] of attempts)
    it(title, async () => {
      const before = reads();
      await refused(config(), 'not-allowed');
      if (!title.includes('extra')) assert.equal(reads(), before);
    });
});

describe('another account, region or vault is not asked', () => {
  const attempts: [title: string, config: Configuration, code: CredentialErrorCode][] = [
    [
      'account',
      {
        credentialSource: 'aws-secrets',
        secret_arn: 'arn:aws:secretsmanager:eu-central-1:999999999999:secret:myapp/credentials/mine-AbCdEf',
      },
      'not-allowed',
    ],
    [
      'region',
      {
        credentialSource: 'aws-secrets',
        secret_arn: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:myapp/credentials/mine-AbCdEf',
      },
      'not-allowed',
    ],
    [
      'a name for an ARN',
      { credentialSource: 'aws-secrets', secret_arn: 'myapp/credentials/mine' },
      'invalid',
    ],
    [
      'the metadata service as a vault',
      {
        credentialSource: 'azure-secrets',
        vault_url: 'http://169.254.169.254/',
        name: 'myapp-credentials-mine',
      },
      'not-allowed',
    ],
    [
      'this machine as a vault',
      { credentialSource: 'azure-secrets', vault_url: 'https://127.0.0.1:1', name: 'myapp-credentials-mine' },
      'not-allowed',
    ],
  ];
  for (const [title, config, code] of attempts) it(title, () => refused(config, code).then(() => {}));

  it('a foreign vault gets no token', async () => {
    let asked = false;
    const foreign = await listen((_request, response) => {
      asked = true;
      response.end('{}');
    });
    await refused(
      { credentialSource: 'azure-secrets', vault_url: foreign.url, name: 'myapp-credentials-mine' },
      'not-allowed',
    );
    assert.equal(asked, false);
    await foreign.close();
  });
});

describe('a server that is not on the list is not reached', () => {
  const mine = { 'secret-path': 'myapp/credentials/mine' };

  it('neither by address nor by name', async () => {
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    for (const host of [
      '127.0.0.1',
      'localhost',
      '0.0.0.0',
      '::1',
      '::ffff:127.0.0.1',
      '2130706433',
      '127.1',
    ])
      await refused({ ...mine, host, port }, 'not-allowed');
    assert.equal(connections, 0);
    server.close();
  });

  it('whether anybody listens there or not, the answer is the same', async () => {
    const open = await refused({ ...mine, port: fixture.backends.vault.listening.port }, 'not-allowed');
    const closed = await refused({ ...mine, port: 1 }, 'not-allowed');
    assert.equal(open.message, closed.message);
  });

  it('a name that changes its address between the check and the connection does not matter', async () => {
    const answers = [['10.255.255.7'], ['127.0.0.1']];
    const lookup = async () => answers.shift() ?? [];
    const rebound = fixture.create({
      hosts: [{ host: 'db.example.com', port: undefined }],
      lookup,
      timeout: 300,
    });
    // Not at 127.0.0.1, where the login would succeed.
    const { host: _host, ...server } = fixture.server;
    await assert.rejects(
      rebound.testConnection({ ...mine, ...server, host: 'db.example.com', username: 'u', password: 'p' }),
      {
        name: 'CredentialError',
      },
    );
    assert.equal(answers.length, 1, 'it was looked up once');
  });

  it('a name on the list that leads to the metadata service is refused', async () => {
    const lookup = async () => ['169.254.169.254'];
    const misled = fixture.create({ hosts: [{ host: 'db.example.com', port: undefined }], lookup });
    await refused({ ...mine, host: 'db.example.com', port: 80 }, 'not-allowed', misled);
  });

  it('a host that comes from a secret is held to the list, and not shown', async () => {
    await fixture.backends.vault.put(
      'myapp/credentials/host',
      JSON.stringify({ u: 'x', p: 'y', h: `${CANARY}.example.com` }),
    );
    await refused({ 'secret-path': 'myapp/credentials/host', host: 'h' }, 'not-allowed');
  });
});

describe('no value comes back', () => {
  it('when the server refuses what a secret holds, in the place of the user or the database', async () => {
    const mine = { 'secret-path': 'myapp/credentials/mine' };
    assert.match((await refused({ ...mine, username: 'p' }, 'refused')).message, /28P01/);
    assert.match((await refused({ ...mine, extra: { database: 'p' } }, 'refused')).message, /3D000/);
  });

  it('when a value does not fit its field', async () => {
    const mine = { 'secret-path': 'myapp/credentials/mine' };
    assert.equal((await refused({ ...mine, port: 'p' }, 'invalid')).message, 'Invalid fields: [port]');
    assert.equal(
      (await refused({ ...mine, extra: { sslmode: 'p' } }, 'invalid')).message,
      'Invalid fields: [sslmode]',
    );
  });

  it('when the secret is not one of keys', async () => {
    await fixture.backends.dapr.put('myapp/credentials/text', CANARY);
    await refused({ credentialSource: 'agent', 'secret-path': 'myapp/credentials/text' }, 'invalid');
  });

  it('when a secret has a key called like the authentication type', async () => {
    await fixture.backends.vault.put(
      'myapp/credentials/type',
      JSON.stringify({ u: 'x', p: 'y', basic: CANARY }),
    );
    const error = await refused({ 'secret-path': 'myapp/credentials/type', authType: 'basic' }, 'refused');
    assert.match(error.message, /28P01/, 'it logged in with the type that was typed');
  });
});

describe('time is bounded', () => {
  it('by a server that accepts and says nothing', async () => {
    const held = new Set<{ destroy(): void }>();
    const server = createServer((socket) => void held.add(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const service = fixture.create({ hosts: [{ host: '127.0.0.1', port }], timeout: 300 });
    const started = performance.now();
    await refused({ 'secret-path': 'myapp/credentials/mine', port }, 'unavailable', service);
    assert.ok(performance.now() - started < 2_000);
    for (const socket of held) socket.destroy();
    server.close();
  });

  it('by a backend that hangs, and by a name without a server', async () => {
    const remove = fixture.backends.vault.faults.inject({ kind: 'hang' });
    const service = fixture.create({ timeout: 300 });
    await refused({ 'secret-path': 'myapp/credentials/mine' }, 'unavailable', service);
    remove();
    const hosts = [{ host: 'db.example.com', port: undefined }];
    const waiting = fixture.create({ hosts, lookup: () => new Promise(() => {}), timeout: 300 });
    await refused(
      { 'secret-path': 'myapp/credentials/mine', host: 'db.example.com' },
      'unavailable',
      waiting,
    );
  });
});
