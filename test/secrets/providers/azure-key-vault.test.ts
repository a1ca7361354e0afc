import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, mock } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { inspect, promisify } from 'node:util';
import type { Request } from 'express';
import { startAzureKeyVault } from '../../../sandbox/azure-key-vault.ts';
import { listen } from '../../../sandbox/http.ts';
import { SecretError } from '../../../src/errors.ts';
import type { SecretProvider } from '../../../src/secrets/provider.ts';
import { createAzureKeyVault } from '../../../src/secrets/providers/azure-key-vault/provider.ts';
import { describeProvider } from './contract.ts';

const DAY = 24 * 60 * 60 * 1000;

// One stand-in for all tests: MSAL keeps the identity endpoint and its tokens for the life of the process.
const directory = await mkdtemp(join(tmpdir(), 'azure-key-vault-'));
const backend = await startAzureKeyVault({ directory, mayRead: (name) => !name.startsWith('other-') });
// NODE_EXTRA_CA_CERTS is read at process start, which is over.
setDefaultCACertificates([...getCACertificates('default'), backend.ca]);
Object.assign(process.env, backend.environment);
delete process.env.AZURE_CLIENT_ID;
const vaultUrl = backend.environment.AZURE_VAULT_URL;

after(async () => {
  await backend.close();
  await rm(directory, { recursive: true });
});

/** The credential reads AZURE_CLIENT_ID once, when it is created. */
function providerAs(clientId: string): SecretProvider {
  process.env.AZURE_CLIENT_ID = clientId;
  try {
    return createAzureKeyVault({ vaultUrl });
  } finally {
    delete process.env.AZURE_CLIENT_ID;
  }
}

async function failure(promise: Promise<unknown>): Promise<SecretError> {
  const error = await promise.then(
    () => assert.fail('it succeeded'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SecretError, inspect(error));
  return error;
}

describeProvider('Azure Key Vault', async () => {
  await backend.put('other-secret', '{"n":"1"}');
  return {
    provider: createAzureKeyVault({ vaultUrl }),
    nameOf: (secret) => `myapp-${secret}`,
    put: backend.put,
    disable: backend.disable,
    forbidden: 'other-secret',
    writer: createAzureKeyVault({ vaultUrl, clientId: backend.environment.WRITER_AZURE_CLIENT_ID }),
    unreachable: async () => createAzureKeyVault({ vaultUrl: 'https://127.0.0.1:1' }),
    impostor: async () => providerAs('6f1f26ff-70a2-4b0e-a5b4-f0c1ed5ad3a5'),
    faults: backend.faults,
    async close() {},
  };
});

describe('Azure Key Vault', () => {
  let provider: SecretProvider;
  before(() => {
    provider = createAzureKeyVault({ vaultUrl });
  });

  it('version() does not fetch the value, unless two versions have the same second', async () => {
    mock.timers.enable({ apis: ['Date'], now: Date.now() });
    try {
      await backend.put('unread', '1');
      mock.timers.tick(1000);
      await backend.put('unread', '2');
      const { version } = await provider.read('unread');
      const { value } = backend.reads;
      assert.equal(await provider.version?.('unread'), version);
      assert.equal(backend.reads.value, value);
      await backend.put('unread', '3');
      assert.notEqual(await provider.version?.('unread'), version);
      assert.equal(backend.reads.value, value + 1);
    } finally {
      mock.timers.reset();
    }
  });

  it('finds current and previous among more versions than a page holds', async () => {
    mock.timers.enable({ apis: ['Date'], now: Date.now() });
    try {
      for (let n = 0; n < 60; n += 1) {
        await backend.put('many', String(n));
        mock.timers.tick(1000);
      }
    } finally {
      mock.timers.reset();
    }
    assert.equal(await provider.version?.('many'), (await provider.read('many')).version);
    assert.equal((await provider.read('many', { stage: 'previous' })).value, '58');
  });

  it('skips a disabled version when it reads the previous one', async () => {
    mock.timers.enable({ apis: ['Date'], now: Date.now() });
    try {
      for (const value of ['1', '2', '3']) {
        await backend.put('withdrawn', value);
        if (value === '2') await backend.disable('withdrawn');
        mock.timers.tick(1000);
      }
    } finally {
      mock.timers.reset();
    }
    assert.equal((await provider.read('withdrawn', { stage: 'previous' })).value, '1');
  });

  it('distinguishes a deleted secret that can be recovered from a missing one', async () => {
    await backend.put('deleted', '1');
    await backend.remove('deleted');
    for (const error of [
      await failure(provider.read('deleted')),
      await failure(provider.version?.('deleted') ?? Promise.resolve()),
    ]) {
      assert.equal(error.code, 'disabled');
      assert.match(
        error.remedy,
        /az keyvault secret recover --id https:\/\/127.0.0.1:\d+\/deletedsecrets\/deleted/,
      );
    }
  });

  it('keeps Retry-After', async () => {
    const clear = backend.faults.inject({ kind: 'throttled' });
    const error = await failure(provider.read('any'));
    clear();
    assert.equal(error.retryAfter, 2000);
  });

  it('sends one request: the store retries, not the SDK', async () => {
    let requests = 0;
    const count = () => {
      requests += 1;
      return true;
    };
    await provider.read('any').catch(() => {});
    const clear = backend.faults.inject({ kind: 'unavailable' }, { matches: count });
    await failure(provider.read('any'));
    clear();
    assert.equal(requests, 1);
  });

  it('writes as an administrator only', async () => {
    const administrator = providerAs(backend.administrator.AZURE_CLIENT_ID);
    const version = await administrator.write?.('written', '{"n":"1"}');
    assert.equal((await provider.read('written')).version, version);
    const error = await failure(provider.write?.('written', '{"n":"2"}') ?? Promise.resolve());
    assert.equal(error.code, 'denied');
    assert.match(error.remedy, /Key Vault Secrets Officer/);
    await backend.remove('written');
    assert.equal(
      (await failure(administrator.write?.('written', '3') ?? Promise.resolve())).code,
      'disabled',
    );
    assert.equal(
      (await failure(administrator.write?.('not_valid', '3') ?? Promise.resolve())).code,
      'invalid',
    );
  });

  it('gets a new token when the old one has expired', async () => {
    await backend.put('lasting', '1');
    await provider.read('lasting');
    const seen = new Set<string>();
    const watch = backend.faults.inject(
      { kind: 'reset' },
      {
        matches({ headers }) {
          if (headers.authorization) seen.add(headers.authorization);
          return false;
        },
      },
    );
    await provider.read('lasting');
    mock.timers.enable({ apis: ['Date'], now: Date.now() + 2 * DAY });
    try {
      assert.equal((await provider.read('lasting')).value, '1');
    } finally {
      mock.timers.reset();
      watch();
    }
    assert.equal(seen.size, 2);
  });
});

describe('Azure Key Vault, one secret per field', () => {
  const fields = ['username', 'password', 'ca_cert'];
  let provider: SecretProvider;
  before(() => {
    provider = createAzureKeyVault({ vaultUrl });
  });

  /** Every test has its own prefix. */
  const layoutOf = (prefix: string) => ({ name: `myapp-${prefix}`, layout: { prefix, fields } });

  const putAll = async (prefix: string, values: Record<string, string>) => {
    for (const [field, value] of Object.entries(values)) await backend.put(`${prefix}-${field}`, value);
  };

  it('reads the fields as one secret', async () => {
    const { name, layout } = layoutOf('whole');
    await putAll('whole', { username: 'ada', password: 'p1', 'ca-cert': 'PEM' });
    const secret = await provider.read(name, { layout });
    assert.equal(secret.name, name);
    assert.deepEqual(JSON.parse(secret.value), { username: 'ada', password: 'p1', ca_cert: 'PEM' });
    assert.ok(secret.createdAt instanceof Date);
    assert.ok(!inspect(secret, { showHidden: false }).includes('p1'));
    assert.equal(await provider.version?.(name, { layout }), secret.version);
  });

  it('has a new version when any field changes', async () => {
    const { name, layout } = layoutOf('changed');
    await putAll('changed', { username: 'ada', password: 'p1' });
    const { version } = await provider.read(name, { layout });
    await putAll('changed', { password: 'p2' });
    const changed = await provider.read(name, { layout });
    assert.deepEqual(JSON.parse(changed.value), { username: 'ada', password: 'p2' });
    assert.notEqual(changed.version, version);
    assert.equal(await provider.version?.(name, { layout }), changed.version);
  });

  it('omits a field that does not exist', async () => {
    const { name, layout } = layoutOf('partial');
    await putAll('partial', { username: 'ada' });
    assert.deepEqual(JSON.parse((await provider.read(name, { layout })).value), { username: 'ada' });
  });

  it('is not-found when both layouts are missing, and names both', async () => {
    const { name, layout } = layoutOf('absent');
    for (const stage of ['current', 'previous'] as const) {
      const error = await failure(provider.read(name, { layout, stage }));
      assert.equal(error.code, 'not-found');
      assert.match(error.remedy, /myapp-absent .*\(absent-username, absent-password, absent-ca-cert\)/);
    }
    const error = await failure(provider.version?.(name, { layout }) ?? Promise.resolve());
    assert.equal(error.code, 'not-found');
  });

  it('has a previous version once a field has changed', async () => {
    const { name, layout } = layoutOf('rotated');
    await putAll('rotated', { username: 'ada', password: 'p1' });
    const { version } = await provider.read(name, { layout });
    const none = await failure(provider.read(name, { layout, stage: 'previous' }));
    assert.equal(none.code, 'not-found');
    await putAll('rotated', { password: 'p2' });
    const previous = await provider.read(name, { layout, stage: 'previous' });
    assert.deepEqual(JSON.parse(previous.value), { username: 'ada', password: 'p1' });
    assert.equal(previous.version, version);
  });

  it('does not skip a field that is disabled or forbidden', async () => {
    const disabled = layoutOf('switched');
    await putAll('switched', { username: 'ada', password: 'p1' });
    await backend.disable('switched-password');
    assert.equal((await failure(provider.read(disabled.name, disabled))).code, 'disabled');
    assert.equal(
      (await failure(provider.version?.(disabled.name, disabled) ?? Promise.resolve())).code,
      'disabled',
    );
    const forbidden = layoutOf('other');
    assert.equal((await failure(provider.read(forbidden.name, forbidden))).code, 'denied');
  });

  it('prefers the JSON secret, also for the previous version', async () => {
    const { name, layout } = layoutOf('both');
    await putAll('both', { username: 'field' });
    await putAll('both', { username: 'newer' });
    await backend.put(name, '{"username":"json"}');
    assert.deepEqual(JSON.parse((await provider.read(name, { layout })).value), { username: 'json' });
    assert.equal((await failure(provider.read(name, { layout, stage: 'previous' }))).code, 'not-found');
  });
});

describe('Azure Key Vault, what errors show', () => {
  const show = (error: unknown) => inspect(error, { depth: 10, showHidden: true });

  it('no token and no value, whatever the answer', async () => {
    const provider = createAzureKeyVault({ vaultUrl });
    await backend.put('leaking', 'visible-nowhere');
    let authorization = '';
    const matches = ({ headers }: Request) => {
      authorization = headers.authorization ?? authorization;
      return headers.authorization !== undefined;
    };
    for (const kind of ['denied', 'identity', 'throttled', 'unavailable', 'reset', 'malformed'] as const) {
      const clear = backend.faults.inject({ kind }, { matches });
      const error = await failure(provider.read('leaking'));
      clear();
      const token = authorization.replace('Bearer ', '');
      assert.ok(token.length > 20);
      for (const secret of [token, 'visible-nowhere', 'half', 'a docu'])
        assert.ok(!show(error).includes(secret), `${kind} shows ${secret}`);
    }
  });

  it('the reason of a denial', async () => {
    await backend.put('other-shown', '1');
    const { cause } = await failure(createAzureKeyVault({ vaultUrl }).read('other-shown'));
    assert.ok(cause instanceof Error);
    assert.match(cause.message, /Microsoft.KeyVault\/vaults\/secrets\/getSecret\/action/);
    assert.equal((cause as { code?: string }).code, 'ForbiddenByRbac');
  });
});

describe('Azure Key Vault, its identity endpoint', () => {
  /** A client ID without a token in MSAL's cache, so that the endpoint is asked. */
  const fresh = () => providerAs(backend.administrator.AZURE_CLIENT_ID);

  // The administrator's token of earlier tests has expired by then and is requested again.
  before(() => mock.timers.enable({ apis: ['Date'], now: Date.now() + 4 * DAY }));
  after(() => mock.timers.reset());

  for (const kind of ['unavailable', 'throttled', 'reset', 'malformed'] as const)
    it(`fault ${kind} is unavailable, and passes`, async () => {
      await backend.put('behind', '1');
      const provider = fresh();
      const clear = backend.identityFaults.inject({ kind });
      const error = await failure(provider.read('behind'));
      clear();
      assert.equal(error.code, 'unavailable', inspect(error));
      assert.equal((await provider.read('behind')).value, '1');
      mock.timers.tick(2 * DAY);
    });

  it('is abandoned when the signal aborts, and asked again by the next read', async () => {
    await backend.put('behind', '1');
    const provider = fresh();
    const reason = new Error('enough');
    const controller = new AbortController();
    const clear = backend.identityFaults.inject(
      { kind: 'hang' },
      {
        matches() {
          setImmediate(() => controller.abort(reason));
          return true;
        },
      },
    );
    const error = await failure(provider.read('behind', { signal: controller.signal }));
    clear();
    assert.equal(error.code, 'unavailable');
    assert.equal(error.cause, reason);
    assert.equal((await provider.read('behind')).value, '1');
  });
});

describe('Azure Key Vault, in a process of its own', () => {
  const run = promisify(execFile);
  const script = `
    import { inspect } from 'node:util';
    const { createAzureKeyVault } = await import(process.argv[1]);
    const provider = createAzureKeyVault({ vaultUrl: process.env.AZURE_VAULT_URL });
    await provider.read('elsewhere').then(
      ({ value }) => console.log(value),
      (error) => console.log(error.code, error.remedy, inspect(error, { depth: 10, showHidden: true })),
    );`;
  const readElsewhere = async (environment: Record<string, string>) => {
    const module = new URL('../../../src/secrets/providers/azure-key-vault/provider.ts', import.meta.url)
      .href;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script, module], {
      env: { PATH: process.env.PATH, ...backend.environment, ...environment },
    });
    return stdout.trim();
  };

  it('needs only the environment of the stand-in', async () => {
    await backend.put('elsewhere', 'read');
    assert.equal(await readElsewhere({}), 'read');
  });

  it('has no identity with a wrong IDENTITY_HEADER', async () => {
    assert.match(await readElsewhere({ IDENTITY_HEADER: 'wrong' }), /^identity .*AZURE_CLIENT_ID/);
  });

  it('is unavailable when the identity endpoint refuses connections', async () => {
    assert.match(await readElsewhere({ IDENTITY_ENDPOINT: 'http://127.0.0.1:1/msi/token' }), /^unavailable /);
  });

  it('shows no part of a token when the identity endpoint answers with invalid JSON', async () => {
    const { url, close } = await listen((_request, response) => {
      response.setHeader('content-type', 'text/plain').end('{"access_token":"visible-nowhere');
    });
    const shown = await readElsewhere({ IDENTITY_ENDPOINT: url });
    await close();
    assert.match(shown, /^unavailable /);
    assert.ok(!shown.includes('visible-nowhere'), shown);
  });

  it('does not trust the vault without its authority', async () => {
    assert.match(await readElsewhere({ NODE_EXTRA_CA_CERTS: '' }), /^unavailable .*NODE_EXTRA_CA_CERTS/);
  });
});
