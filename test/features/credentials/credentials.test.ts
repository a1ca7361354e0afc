/** Connections by reference, from each source to a real login. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { createComponents } from '../../../src/features/credentials/components.ts';
import type { Configuration } from '../../../src/features/credentials/configuration.ts';
import { CredentialError } from '../../../src/features/credentials/credential-error.ts';
import { CredentialProviderFactory } from '../../../src/features/credentials/credential-provider-factory.ts';
import type { Credentials } from '../../../src/features/credentials/credentials.ts';
import { createAuthority } from '../../clients/database/tls-relay.ts';
import { type Fixture, startFixture } from './fixture.ts';

const authority = await createAuthority('planted-c4n4ry');

let fixture: Fixture;
let credentials: Credentials;
before(async () => {
  fixture = await startFixture();
  credentials = fixture.create();
  const { aws, vault, azure, dapr } = fixture.backends;
  const value = JSON.stringify({
    'user-key': fixture.login.username,
    'password-key': fixture.login.password,
  });
  await aws.put('myapp/credentials/warehouse', value);
  await vault.put('myapp/credentials/warehouse', value);
  await azure.put('myapp-credentials-warehouse', value);
  await dapr.put('myapp/credentials/warehouse', value);
});
after(() => fixture?.close());

const byKeys = { username: 'user-key', password: 'password-key' };

/** What each source needs beside server and login. */
const SOURCES: Record<string, () => Configuration> = {
  direct: () => ({ 'secret-path': 'myapp/credentials/warehouse' }),
  agent: () => ({ credentialSource: 'agent', 'secret-path': 'myapp/credentials/warehouse' }),
  'aws-secrets': () => ({
    credentialSource: 'aws-secrets',
    secret_arn: fixture.backends.aws.arnOf('myapp/credentials/warehouse'),
    region: 'eu-central-1',
  }),
  'vault-secrets': () => ({ credentialSource: 'vault-secrets', path: 'myapp/credentials/warehouse' }),
  'azure-secrets': () => ({
    credentialSource: 'azure-secrets',
    vault_url: fixture.backends.azure.url,
    name: 'myapp-credentials-warehouse',
  }),
};

/** The failure, after a check that neither it nor its causes show the password. */
async function failure(promise: Promise<unknown>): Promise<CredentialError> {
  const error = await promise.then(
    () => assert.fail('it succeeded'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof CredentialError, inspect(error));
  assert.doesNotMatch(inspect(error, { depth: 10, showHidden: true }), /planted-c4n4ry/);
  return error;
}

describe('a connection whose secret is in', () => {
  for (const [source, fields] of Object.entries(SOURCES)) {
    it(`${source}: is registered, resolved and logs in`, async () => {
      const guid = await credentials.saveCredentials({ ...fields(), ...byKeys, ...fixture.server });
      assert.match(guid, /^[0-9a-f-]{36}$/);
      const { username, password, host } = await credentials.getCredentials(guid);
      assert.deepEqual({ username, password, host }, { ...fixture.login, host: fixture.server.host });
      assert.ok((await credentials.testConnection(guid)) >= 0);
    });

    it(`${source}: is tested without being registered`, async () => {
      assert.ok((await credentials.testConnection({ ...fields(), ...byKeys, ...fixture.server })) >= 0);
    });
  }

  it('direct is the default, and may have the fields under their own names', async () => {
    await fixture.backends.vault.put(
      'myapp/credentials/whole',
      JSON.stringify({
        ...fixture.login,
        host: fixture.server.host,
        port: fixture.server.port,
        database: 'sales',
      }),
    );
    await credentials.testConnection({ 'secret-path': 'myapp/credentials/whole' });
  });

  it('direct without a path is called like the GUID, and may be written later', async () => {
    const guid = await credentials.saveCredentials({ ...fixture.server });
    assert.equal((await failure(credentials.testConnection(guid))).code, 'refused');
    await fixture.backends.vault.put(`myapp/credentials/${guid}`, JSON.stringify(fixture.login));
    await credentials.testConnection(guid);
  });
});

describe('single-key: each field names its own secret', () => {
  const config = (): Configuration => ({
    credentialSource: 'agent',
    ...fixture.server,
    username: 'myapp/credentials/user',
    password: 'myapp/credentials/password',
    extra: { database: 'myapp/credentials/database' },
  });
  const put = (name: string, value: string) => fixture.backends.dapr.put(`myapp/credentials/${name}`, value);

  before(async () => {
    await put('user', fixture.login.username);
    await put('password', JSON.stringify({ value: fixture.login.password }));
    await put('database', JSON.stringify({ other: 'x', database: 'sales' }));
  });

  it('is resolved, also inside extra, and logs in', async () => {
    await credentials.testConnection(config());
    await credentials.testConnection(await credentials.saveCredentials(config()));
  });

  it('a field that fails is an error that names it, and every other one that fails', async () => {
    const error = await failure(
      credentials.testConnection({
        ...config(),
        username: 'myapp/credentials/missing',
        password: 'myapp/credentials/none',
      }),
    );
    assert.equal(error.code, 'refused');
    assert.match(
      error.message,
      /^username: Dapr has no secret myapp\/credentials\/missing.* password: Dapr has/,
    );
  });

  it('a secret with several values and none of the name is an error that names the field', async () => {
    await put('several', JSON.stringify({ a: '1', b: '2' }));
    const error = await failure(
      credentials.testConnection({ ...config(), password: 'myapp/credentials/several' }),
    );
    assert.match(error.message, /^password: The secret holds several values/);
  });

  it('an empty secret drops the field, which is then missing', async () => {
    await put('empty', '');
    const error = await failure(
      credentials.testConnection({ ...config(), password: 'myapp/credentials/empty' }),
    );
    assert.equal(error.message, 'Missing fields: [password]');
  });

  it('at most four are read at a time', async () => {
    const { dapr } = fixture.backends;
    const remove = dapr.faults.inject({ kind: 'hang' });
    const extra = Object.fromEntries(
      Array.from({ length: 10 }, (_, index) => [`secret-${index}-password`, 'myapp/credentials/user']),
    );
    const hurried = fixture.create({ timeout: 500 });
    const error = failure(hurried.testConnection({ ...config(), extra }));
    await new Promise((resolve) => setTimeout(resolve, 250));
    assert.equal(dapr.faults.held(), 4);
    assert.equal((await error).message, 'There was no answer within 0.5 s.');
    remove();
  });
});

describe('what is not a reference', () => {
  for (const [source, fields] of Object.entries(SOURCES))
    it(`${source}: a password itself is neither tried nor stored`, async () => {
      const config = {
        ...fields(),
        ...fixture.server,
        username: 'warehouse',
        password: fixture.login.password,
      };
      assert.match(
        (await failure(credentials.testConnection(config))).message,
        /^Still references: \[password\]/,
      );
      assert.match(
        (await failure(credentials.saveCredentials(config))).message,
        /^Still references: \[password\]/,
      );
    });

  it('direct without a path: not even before the secret exists', async () => {
    const config = { ...fixture.server, password: fixture.login.password };
    assert.match(
      (await failure(credentials.saveCredentials(config))).message,
      /^Still references: \[password\]/,
    );
  });

  it('PostgreSQL holds no value of a secret', async () => {
    const { rows } = await fixture.pool.query('SELECT configuration::text AS text FROM credentials');
    assert.ok(rows.length >= 5);
    for (const { text } of rows) assert.doesNotMatch(text, /planted-c4n4ry/);
  });

  it('the application may not change a row', async () => {
    await assert.rejects(fixture.pool.query("UPDATE credentials SET configuration = '{}'"), {
      code: '42501',
    });
  });
});

describe('an incomplete configuration', () => {
  it('lists what is missing', async () => {
    await fixture.backends.vault.put('myapp/credentials/nothing', '{"unused":"x"}');
    const error = await failure(credentials.testConnection({ 'secret-path': 'myapp/credentials/nothing' }));
    assert.equal(error.message, 'Missing fields: [host, username, password]');
  });
  it('direct needs a path where there is no GUID', async () => {
    assert.equal(
      (await failure(credentials.testConnection({}))).message,
      'Missing fields: [secret-path]. It names the secret that holds the login. Values are not accepted here.',
    );
  });
  it('keeps 0 and false as the values they are', async () => {
    await fixture.backends.vault.put('myapp/credentials/zero', '{"u":0,"p":false}');
    const guid = await credentials.saveCredentials({
      ...fixture.server,
      'secret-path': 'myapp/credentials/zero',
      username: 'u',
      password: 'p',
    });
    const { username, password } = await credentials.getCredentials(guid);
    assert.deepEqual([username, password], [0, false]);
    assert.match((await failure(credentials.testConnection(guid))).message, /28P01/);
  });
});

describe('a configuration is refused when it is saved', () => {
  const incomplete: [title: string, config: () => Configuration, message: string][] = [
    ['without anything', () => ({}), 'Missing fields: [host]'],
    [
      'without a password',
      () => ({ ...SOURCES['vault-secrets']?.(), ...fixture.server, username: 'user-key' }),
      'Missing fields: [password]',
    ],
    [
      'without the fields of its authentication type',
      () => ({ ...SOURCES.direct?.(), ...fixture.server, ...byKeys, authType: 'iam-user' }),
      'Missing fields: [access-key-id, secret-access-key]',
    ],
    [
      'with an unknown sslmode',
      () => ({ ...SOURCES.direct?.(), ...fixture.server, ...byKeys, sslmode: 'maybe' }),
      'Invalid fields: [sslmode]',
    ],
  ];
  for (const [title, config, message] of incomplete)
    it(title, async () => {
      const error = await failure(credentials.saveCredentials(config()));
      assert.equal(error.message, message);
    });
});

describe('saved configurations', () => {
  const config = () => ({ ...SOURCES.direct?.(), ...byKeys, ...fixture.server });

  it('are listed and shown as they were saved, the newest first', async () => {
    const before = await credentials.saveCredentials(config());
    const guid = await credentials.saveCredentials(config());
    const found = await credentials.findCredentials(guid);
    assert.deepEqual([found.guid, found.configuration], [guid, config()]);
    const listed = (await credentials.listCredentials()).map((entry) => entry.guid);
    assert.ok(listed.indexOf(guid) < listed.indexOf(before), listed.join());
    assert.doesNotMatch(JSON.stringify(await credentials.listCredentials()), /planted-c4n4ry/);
  });

  it('are deleted once, and then unknown to every call', async () => {
    const guid = await credentials.saveCredentials(config());
    await credentials.deleteCredentials(guid);
    const { deleteCredentials, findCredentials, getCredentials, testConnection } = credentials;
    for (const call of [deleteCredentials, findCredentials, getCredentials, testConnection])
      assert.equal((await failure(call(guid))).code, 'not-found');
  });

  it('run a query on their server', async () => {
    const guid = await credentials.saveCredentials(config());
    const sql = 'SELECT current_user AS user, current_database() AS database';
    const { rows } = await credentials.withConnection(guid, (client) => client.query(sql));
    assert.deepEqual(rows, [{ user: 'warehouse', database: 'sales' }]);
  });

  it('pass on the error of a query, and close the connection', async () => {
    const guid = await credentials.saveCredentials(config());
    const query = credentials.withConnection(guid, (client) => client.query('SELECT FROM missing'));
    await assert.rejects(query, { code: '42P01' });
  });
});

describe('the fields of a connection', () => {
  const put = (name: string, more: object) =>
    fixture.backends.vault.put(
      `myapp/credentials/${name}`,
      JSON.stringify({ ...fixture.login, host: fixture.server.host, port: fixture.server.port, ...more }),
    );

  it('may say sslmode and ca_cert in the secret, whatever the source', async () => {
    await put('with-tls', { database: 'sales', sslmode: 'require', ca_cert: authority.cert });
    const { extra: _, ...server } = fixture.server;
    for (const config of [
      { 'secret-path': 'myapp/credentials/with-tls' },
      {
        credentialSource: 'vault-secrets',
        path: 'myapp/credentials/with-tls',
        ...server,
        username: 'username',
        password: 'password',
        database: 'database',
      },
    ] as Configuration[]) {
      const error = await failure(credentials.testConnection(config));
      assert.match(error.message, /offers no TLS \(TLS_NOT_OFFERED\)/);
      const guid = await credentials.saveCredentials(config);
      assert.equal((await credentials.getCredentials(guid)).ca_cert, authority.cert);
    }
  });

  it('take precedence over the secret when they are typed, at the top or inside extra', async () => {
    await put('other', { database: 'nowhere', sslmode: 'require', username: 'nobody' });
    const config = { 'secret-path': 'myapp/credentials/other' };
    const typed = { username: 'warehouse', database: 'sales', sslmode: 'disable' };
    await credentials.testConnection({ ...config, ...typed });
    const { username, ...extra } = typed;
    await credentials.testConnection({ ...config, username, extra });
    await credentials.testConnection({
      ...config,
      username,
      extra: { ...extra, database: 'x' },
      dbname: 'sales',
    });
  });

  it('may have the names of other tools: dbname and ssl_cert', async () => {
    await put('named', { dbname: 'sales' });
    const config = { 'secret-path': 'myapp/credentials/named', extra: { ssl_cert: authority.cert } };
    const guid = await credentials.saveCredentials(config);
    const { database, ca_cert } = await credentials.getCredentials(guid);
    assert.deepEqual([database, ca_cert], ['sales', authority.cert]);
  });
});

describe('GUIDs', () => {
  it('one that is none is refused before it is looked for', async () => {
    for (const guid of ['', 'x', "' OR 1=1 --", '../../etc/passwd'])
      assert.equal((await failure(credentials.getCredentials(guid))).code, 'invalid');
  });
  it('an unknown one is an error', async () => {
    const error = await failure(credentials.getCredentials('00000000-0000-4000-8000-000000000000'));
    assert.equal(error.code, 'not-found');
  });
});

it('production stores nothing', async () => {
  const inProduction = fixture.create({ environment: 'production' });
  const config = { ...SOURCES.direct?.(), ...byKeys, ...fixture.server };
  const error = await failure(inProduction.saveCredentials(config));
  assert.equal(error.message, 'Storing credentials is not supported in production.');
  await inProduction.testConnection(config);
});

describe('sources of one’s own', () => {
  it('an unknown one is an error that lists those there are', async () => {
    const error = await failure(credentials.testConnection({ credentialSource: 'nowhere' }));
    assert.match(
      error.message,
      /credentialSource is unknown: use one of direct, agent, aws-secrets, vault-secrets/,
    );
  });

  it('CredentialProviderFactory.register adds one', async () => {
    const { z } = await import('zod');
    CredentialProviderFactory.register('planted', {
      title: 'A source of this test',
      fields: { shelf: z.string() },
      locate: ({ shelf }) => ({ mode: 'multi-key', name: String(shelf) }),
      read: async (shelf) => ({
        'user-key': fixture.login.username,
        'password-key': `${shelf}-c4n4ry-password`,
      }),
    });
    const withIt = fixture.create();
    const config = { credentialSource: 'planted', shelf: 'planted', ...byKeys, ...fixture.server };
    await withIt.testConnection(await withIt.saveCredentials(config));
    const error = await withIt.saveCredentials({ ...config, shelf: undefined }).catch((reason) => reason);
    assert.match(error.message, /shelf/);
    assert.throws(() => CredentialProviderFactory.register('planted', {} as never), /registered already/);
  });
});

describe('a resolved configuration', () => {
  it('shows nothing that came from the secret to printers and serializers', async () => {
    const guid = await credentials.saveCredentials({ ...SOURCES.direct?.(), ...byKeys, ...fixture.server });
    const resolved = await credentials.getCredentials(guid);
    assert.equal(resolved.password, fixture.login.password);
    for (const shown of [JSON.stringify(resolved), inspect(resolved), JSON.stringify({ ...resolved })])
      assert.doesNotMatch(shown, /planted-c4n4ry/);
  });
});

describe('components', () => {
  it('getSecret reads the default one, or the one that is named', async () => {
    const { components, backends, login } = fixture;
    await backends.dapr.put('myapp/only-in-dapr', JSON.stringify({ value: JSON.stringify(login) }));
    assert.deepEqual(await components.getSecret('myapp/only-in-dapr'), login);
    await backends.vault.put('myapp/only-in-vault', '{"a":"1","b":"2"}');
    assert.deepEqual(await components.getSecret('myapp/only-in-vault', 'vault'), { a: '1', b: '2' });
  });
  it('an unknown one is an error', async () => {
    assert.match(
      (await failure(fixture.components.getSecret('x', 'nowhere'))).message,
      /No component is named nowhere/,
    );
  });
  it('may have names that begin with a prefix of their own', async () => {
    const { provider } = fixture.components.main;
    const { get } = createComponents({
      main: provider,
      settings: new Map([['secretstore', { create: async () => provider, prefix: 'connections-' }]]),
      prefix: 'myapp/credentials/',
      deploymentDocument: 'myapp/deployment',
    });
    assert.equal((await get()).prefix, 'connections-');
    assert.equal((await get('vault')).prefix, 'myapp/credentials/');
  });
  it('getDeploymentSecret gives one value, and null without it or its document', async () => {
    const { components, backends } = fixture;
    assert.equal(await components.getDeploymentSecret('region'), null);
    await backends.dapr.put('myapp/deployment', '{"region":"north","flag":"0"}');
    assert.equal(await components.getDeploymentSecret('region'), 'north');
    assert.equal(await components.getDeploymentSecret('flag'), '0');
    assert.equal(await components.getDeploymentSecret('nothing'), null);
    assert.equal(await components.getDeploymentSecret('__proto__'), null);
  });
  it('getDeploymentSecret does not take an outage for an absence', async () => {
    const remove = fixture.backends.dapr.faults.inject({ kind: 'unavailable' });
    assert.equal((await failure(fixture.components.getDeploymentSecret('region'))).code, 'unavailable');
    remove();
  });
});
