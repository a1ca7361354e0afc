import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { loadConfig } from '../src/config.ts';
import { StartupError } from '../src/errors.ts';
import type { Backend } from '../src/secrets/backend.ts';
import { getBackend, registerProvider } from '../src/secrets/providers/registry.ts';
import { readerSettings as vaultSettings } from '../src/secrets/providers/vault/settings.ts';
import { configure } from '../src/variables.ts';
import { createMemoryProvider } from './support/memory-provider.ts';

const refusal = (environment: NodeJS.ProcessEnv): StartupError => {
  try {
    loadConfig(environment);
  } catch (error) {
    assert.ok(error instanceof StartupError, String(error));
    assert.equal(error.exitCode, 78);
    return error;
  }
  return assert.fail('it was accepted');
};

const aws = { SECRET_PROVIDER: 'aws', AWS_REGION: 'eu-central-1' };

describe('SECRET_PROVIDER', () => {
  for (const word of ['aws', ' AWS ', 'Aws'])
    it(`accepts "${word}"`, () =>
      assert.equal(loadConfig({ ...aws, SECRET_PROVIDER: word }).backend.name, 'aws'));

  for (const word of [undefined, '', '  ', 'consul'])
    it(`lists the choices for ${word === undefined ? 'nothing' : `"${word}"`}`, () =>
      assert.match(refusal({ SECRET_PROVIDER: word }).report(), /SECRET_PROVIDER.*\n.*aws, .*file, .*vault/));

  it('accepts a registered provider', async () => {
    const { provider } = createMemoryProvider();
    const settings = z.object({ MEMORY_SIZE: z.coerce.number() });
    const memory: Backend = {
      ...getBackend('dapr'),
      name: 'memory',
      configure: (environment) =>
        configure(settings, environment, ({ MEMORY_SIZE }) => ({
          location: { name: 'memory', settings: 'MEMORY_SIZE' },
          create: async () => ({ ...provider, name: `memory of ${MEMORY_SIZE}` }),
        })),
    };
    registerProvider(memory);
    assert.match(refusal({ SECRET_PROVIDER: 'memory' }).report(), /MEMORY_SIZE/);
    const config = loadConfig({ SECRET_PROVIDER: 'memory', MEMORY_SIZE: '3' });
    assert.equal((await config.createProvider()).name, 'memory of 3');
    assert.throws(() => registerProvider(memory), /registered already/);
    assert.throws(() => registerProvider({ ...memory, name: 'In Memory' }), /cannot be named/);
  });
});

describe('the report', () => {
  it('names every problem at once', () => {
    const report = refusal({ SECRET_PROVIDER: 'vault', PORT: 'many', LOG_LEVEL: 'loud' }).report();
    for (const subject of ['PORT', 'LOG_LEVEL', 'VAULT_ADDR'])
      assert.match(report, new RegExp(`^  ${subject}: `, 'm'));
  });

  it('contains no value', () => {
    const report = refusal({
      SECRET_PROVIDER: 'shown-nowhere',
      PORT: 'shown-nowhere',
      LOG_LEVEL: 'shown-nowhere',
    }).report();
    assert.doesNotMatch(report, /shown-nowhere/);
  });

  for (const [provider, variable] of [
    ['aws', 'AWS_REGION'],
    ['vault', 'VAULT_ADDR'],
    ['azure', 'AZURE_VAULT_URL'],
    ['file', 'SECRETS_DIR'],
  ] as const)
    it(`${provider} needs ${variable}`, () =>
      assert.match(refusal({ SECRET_PROVIDER: provider }).report(), new RegExp(`${variable}: is not set`)));

  it('AppRole needs both halves', () =>
    assert.match(
      refusal({ SECRET_PROVIDER: 'vault', VAULT_ADDR: 'http://127.0.0.1:8200', VAULT_ROLE_ID: 'r' }).report(),
      /VAULT_SECRET_ID: is not set/,
    ));

  it('AppRole takes the secret ID from one place', () => {
    const vault = { SECRET_PROVIDER: 'vault', VAULT_ADDR: 'http://127.0.0.1:8200', VAULT_ROLE_ID: 'r' };
    loadConfig({ ...vault, VAULT_SECRET_ID_FILE: '/run/secret-id' });
    assert.match(
      refusal({ ...vault, VAULT_SECRET_ID: 's', VAULT_SECRET_ID_FILE: '/run/secret-id' }).report(),
      /VAULT_SECRET_ID: is set and VAULT_SECRET_ID_FILE too/,
    );
  });

  for (const identity of [{ VAULT_KUBERNETES_ROLE: 'myapp' }, { VAULT_ROLE_ID: 'r', VAULT_SECRET_ID: 's' }])
    it(`logs in at VAULT_AUTH_MOUNT with ${Object.keys(identity)}`, () => {
      const env = { VAULT_ADDR: 'http://127.0.0.1:8200', VAULT_AUTH_MOUNT: 'clusters/main', ...identity };
      const { auth } = vaultSettings.parse(env);
      assert.equal('mount' in auth && auth.mount, 'clusters/main');
    });

  it('Vault needs a login', () =>
    assert.match(
      refusal({ SECRET_PROVIDER: 'vault', VAULT_ADDR: 'http://127.0.0.1:8200' }).report(),
      /nothing says who this process is/,
    ));

  it('Azure needs HTTPS', () =>
    assert.match(
      refusal({ SECRET_PROVIDER: 'azure', AZURE_VAULT_URL: 'http://x' }).report(),
      /AZURE_VAULT_URL/,
    ));
});

describe('parts with settings of their own', () => {
  const part = { settings: z.object({ PART_SIZE: z.coerce.number('must be a number').default(1) }) };

  it('are returned to each part', () => {
    assert.deepEqual(loadConfig({ ...aws, PART_SIZE: '3' }, [part]).settingsOf(part), { PART_SIZE: 3 });
    assert.deepEqual(loadConfig(aws, [part]).settingsOf(part), { PART_SIZE: 1 });
  });

  it('are in the report', () => {
    assert.throws(
      () => loadConfig({ ...aws, PORT: 'many', PART_SIZE: 'many' }, [part]),
      (error: StartupError) => /PORT: .*\n.*PART_SIZE: must be a number/.test(error.report()),
    );
  });
});

describe('the identity that writes', () => {
  const vault = { SECRET_PROVIDER: 'vault', VAULT_ADDR: 'http://127.0.0.1:8200', VAULT_TOKEN: 'reader' };
  const writer = (environment: NodeJS.ProcessEnv) => loadConfig(environment).createWriter();

  it('is unset by default', async () => {
    await assert.rejects(writer(aws), /incomplete/);
    await assert.rejects(writer(vault), /incomplete/);
    await assert.rejects(
      writer({ SECRET_PROVIDER: 'file', SECRETS_DIR: '/run/secrets' }),
      (error: StartupError) => /file cannot be written to/.test(error.report()),
    );
  });

  it('is separate from the one that reads', async () => {
    const provider = await writer({ ...vault, WRITER_VAULT_TOKEN: 'writer' });
    assert.equal(provider.name, 'vault');
    await provider.close?.();
  });

  it('is refused when half of it is missing', () =>
    assert.match(
      refusal({ ...vault, WRITER_VAULT_ROLE_ID: 'r' }).report(),
      /WRITER_VAULT_SECRET_ID: is not set/,
    ));
});

describe('defaults', () => {
  it('are those of .env.example', () => {
    const { port, logLevel, startupTimeout, secretTtl } = loadConfig(aws);
    assert.deepEqual(
      { port, logLevel, startupTimeout, secretTtl },
      { port: 3000, logLevel: 'info', startupTimeout: 30_000, secretTtl: 300_000 },
    );
  });

  it('check files more often, and allow for the delay of the kubelet', () => {
    const { secretTtl, keyPropagation } = loadConfig({
      SECRET_PROVIDER: 'file',
      SECRETS_DIR: '/run/secrets',
    });
    assert.deepEqual({ secretTtl, keyPropagation }, { secretTtl: 10_000, keyPropagation: 190_000 });
    assert.equal(loadConfig(aws).keyPropagation, 450_000);
  });

  it('ignore a variable that is set to nothing', () =>
    assert.equal(loadConfig({ ...aws, PORT: '' }).port, 3000));
  it('accept LOG_LEVEL in any case', () =>
    assert.equal(loadConfig({ ...aws, LOG_LEVEL: 'WARN' }).logLevel, 'warn'));
});

describe('names', () => {
  const names = (environment: NodeJS.ProcessEnv) => loadConfig(environment).secretNames;

  it('have the prefix with slashes in AWS and Vault', () => {
    assert.equal(names(aws).database, 'myapp/database');
    assert.equal(names({ ...aws, SECRET_PREFIX: 'prod/myapp' }).jwt, 'prod/myapp/jwt');
  });

  it('have it with hyphens in Azure', () =>
    assert.equal(
      names({
        SECRET_PROVIDER: 'azure',
        AZURE_VAULT_URL: 'https://v.vault.azure.net',
        SECRET_PREFIX: 'prod/myapp',
      })['database-administrator'],
      'prod-myapp-database-administrator',
    ));

  it('are the file names in a directory', () =>
    assert.equal(names({ SECRET_PROVIDER: 'file', SECRETS_DIR: '/run/secrets' }).openai, 'openai'));

  it('of the administrators can be overridden', () => {
    const given = names({ ...aws, OPENAI_ADMINISTRATOR_SECRET_NAME: 'elsewhere' });
    assert.equal(given['openai-administrator'], 'elsewhere');
    assert.equal(given['database-administrator'], 'myapp/database-administrator');
  });

  it('of the secrets of a feature can be overridden', () => {
    const feature = { settings: z.object({}), secrets: { 'search-keys': {}, flags: {} } };
    const { nameOf } = loadConfig({ ...aws, SEARCH_KEYS_SECRET_NAME: 'elsewhere' }, [feature]);
    assert.deepEqual([nameOf('search-keys'), nameOf('flags')], ['elsewhere', 'myapp/flags']);
  });

  it('of other secrets stay under the prefix', () => {
    const { nameOf } = loadConfig(aws);
    assert.equal(nameOf('feature/flags'), 'myapp/feature/flags');
    assert.equal(nameOf('jwt'), 'myapp/jwt');
    for (const id of ['', '/', '..', '../other', 'a/../b', '/etc', 'a//b', 'a b', 'a\n', 'a%2fb', 'secret?x'])
      assert.throws(() => nameOf(id), /cannot have this name/, id);
    assert.equal(nameOf('constructor'), 'myapp/constructor');
  });

  it('can be overridden', () =>
    assert.equal(
      names({ ...aws, DATABASE_SECRET_NAME: 'database-credentials' }).database,
      'database-credentials',
    ));

  it('refuse a prefix that is not a path', () =>
    assert.match(refusal({ ...aws, SECRET_PREFIX: '../x' }).report(), /SECRET_PREFIX/));
});
