import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { inspect } from 'node:util';
import { generate } from 'selfsigned';
import { listen } from '../../../sandbox/http.ts';
import { startVault, type VaultOptions } from '../../../sandbox/vault.ts';
import { type Clock, systemClock } from '../../../src/clock.ts';
import { SecretError, type SecretErrorCode } from '../../../src/errors.ts';
import type { VaultAuth } from '../../../src/secrets/providers/vault/login.ts';
import { createVault } from '../../../src/secrets/providers/vault/provider.ts';
import { describeProvider } from './contract.ts';

// Ambient identities must never be used.
process.env.VAULT_TOKEN = 'a-token-from-the-environment';

const NAME = 'myapp/database';
const HOUR = 3600;
const kubernetes = { role: 'myapp', jwt: 'eyJ.service.account' };

type Vault = Awaited<ReturnType<typeof startVault>>;

const start = (options: Partial<VaultOptions> = {}) =>
  startVault({ mayRead: (name) => name.startsWith('myapp/'), ...options });

const appRole = ({ environment }: Vault): VaultAuth => ({
  method: 'approle',
  roleId: environment.VAULT_ROLE_ID,
  secretId: environment.VAULT_SECRET_ID,
});

const writerRole = ({ environment }: Vault): VaultAuth => ({
  method: 'approle',
  roleId: environment.WRITER_VAULT_ROLE_ID,
  secretId: environment.WRITER_VAULT_SECRET_ID,
});

describeProvider('Vault with a token', () =>
  fixture({
    authenticate: (vault) => ({ method: 'token', token: vault.createToken() }),
    impostor: { method: 'token', token: 'hvs.unknown' },
  }),
);

describeProvider('Vault with AppRole', () =>
  fixture({
    authenticate: appRole,
    impostor: { method: 'approle', roleId: 'unknown', secretId: 'unknown' },
  }),
);

describeProvider('Vault with Kubernetes', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'vault-'));
  const jwtPath = join(directory, 'token');
  await writeFile(jwtPath, `${kubernetes.jwt}\n`);
  return fixture({
    authenticate: () => ({ method: 'kubernetes', role: kubernetes.role, jwtPath }),
    impostor: { method: 'kubernetes', role: 'other', jwtPath },
    cleanUp: () => rm(directory, { recursive: true }),
  });
});

async function fixture({
  authenticate,
  impostor,
  cleanUp,
}: {
  authenticate: (vault: Vault) => VaultAuth;
  impostor: VaultAuth;
  cleanUp?: () => Promise<void>;
}) {
  const vault = await start({ kubernetes });
  const auth = authenticate(vault);
  await vault.put('other/secret', '{"n":"1"}');
  return {
    provider: createVault({ address: vault.url, auth }),
    nameOf: (secret: string) => `myapp/${secret}`,
    put: vault.put,
    disable: vault.remove,
    forbidden: 'other/secret',
    writer: createVault({ address: vault.url, auth: writerRole(vault) }),
    unreachable: async () => createVault({ address: 'http://127.0.0.1:1', auth }),
    impostor: async () => createVault({ address: vault.url, auth: impostor }),
    faults: vault.faults,
    async close() {
      await vault.close();
      await cleanUp?.();
    },
  };
}

describe('Vault: values and versions', () => {
  it('skips a deleted version when it reads the previous one', async (context) => {
    const { vault, provider } = await setUp(context);
    for (const n of ['1', '2', '3']) await vault.put(NAME, JSON.stringify({ n }));
    await vault.destroy(NAME, [2]);
    assert.equal((await provider.read(NAME, { stage: 'previous' })).version, '1');
  });

  it('a destroyed version is disabled, for read and version alike', async (context) => {
    const { vault, provider } = await setUp(context);
    await vault.put(NAME, '{"n":"1"}');
    await vault.destroy(NAME, [1]);
    const error = await rejection('disabled', provider.read(NAME));
    assert.match(error.remedy, /vault kv undelete -mount=secret -versions=1 myapp\/database/);
    await rejection('disabled', provider.version?.(NAME));
  });

  it('version() does not read the value', async (context) => {
    const { vault, provider } = await setUp(context);
    await vault.put(NAME, '{"n":"1"}');
    await provider.version?.(NAME);
    assert.deepEqual(vault.reads, { value: 0, version: 1 });
  });

  it('writes a new version as an administrator', async (context) => {
    const { vault } = await setUp(context);
    const provider = createVault({ address: vault.url, auth: { method: 'token', token: vault.rootToken } });
    assert.equal(await provider.write?.(NAME, '{"n":"1"}'), '1');
    assert.equal(await provider.write?.(NAME, '{"n":"2"}'), '2');
    assert.equal((await provider.read(NAME)).value, '{"n":"2"}');
  });

  it('keeps a string that has the format of its own wrapper', async (context) => {
    const { vault } = await setUp(context);
    const provider = createVault({ address: vault.url, auth: { method: 'token', token: vault.rootToken } });
    const value = '{"_text":"top-secret"}';
    await provider.write?.(NAME, value);
    assert.equal((await provider.read(NAME)).value, value);
  });

  it('an answer of another shape is unavailable', async (context) => {
    const { url, close } = await listen((_request, response) => response.end('<html>Welcome</html>'));
    context.after(close);
    const provider = createVault({ address: url, auth: { method: 'token', token: 'any' } });
    await rejection('unavailable', provider.read(NAME));
  });
});

describe('Vault: errors', () => {
  it('a denial names path, capability and mount', async (context) => {
    const { vault, provider } = await setUp(context);
    const read = await rejection('denied', provider.read('other/secret'));
    assert.match(read.remedy, /path "secret\/data\/other\/secret" \{ capabilities = \["read"\] \}/);
    const version = await rejection('denied', provider.version?.('other/secret'));
    assert.match(version.remedy, /path "secret\/metadata\/other\/secret"/);
    const write = await rejection('denied', provider.write?.(NAME, '{}'));
    assert.match(write.remedy, /path "secret\/data\/myapp\/database" .*\["create", "update"\]/);
    assert.equal(vault.sessions.logins, 1, 'a denial is no reason to log in again');
  });

  it('sealed is unavailable and says how to unseal; after that, reads succeed', async (context) => {
    const { vault, provider } = await setUp(context);
    await vault.put(NAME, '{"n":"1"}');
    vault.seal();
    const error = await rejection('unavailable', provider.read(NAME));
    assert.match(error.remedy, /vault operator unseal/);
    assert.equal((error.cause as { status?: number }).status, 503);
    vault.unseal();
    await provider.read(NAME);
  });

  it('throttling carries Retry-After', async (context) => {
    const { vault, provider } = await setUp(context);
    vault.faults.inject({ kind: 'throttled' });
    assert.equal((await rejection('throttled', provider.read(NAME))).retryAfter, 1000);
  });

  it('a refused login names the role and the settings to check', async (context) => {
    const { vault } = await setUp(context);
    const directory = await mkdtemp(join(tmpdir(), 'vault-'));
    context.after(() => rm(directory, { recursive: true }));
    const jwtPath = join(directory, 'token');
    const provider = createVault({
      address: vault.url,
      auth: { method: 'kubernetes', role: 'unbound', jwtPath },
    });
    assert.match((await rejection('identity', provider.read(NAME))).message, /cannot be read from/);
    await writeFile(jwtPath, 'any');
    assert.match(
      (await rejection('identity', provider.read(NAME))).remedy,
      /vault read auth\/kubernetes\/role\/unbound/,
    );
  });

  it('contain no token, secret id, JWT or value, at any depth', async (context) => {
    const { vault, provider } = await setUp(context);
    await vault.put(NAME, '{"password":"a-value"}');
    const token = vault.createToken();
    const withToken = createVault({ address: vault.url, auth: { method: 'token', token } });
    await Promise.all([provider.read(NAME), withToken.read(NAME)]);
    const seen: string[] = [token, vault.environment.VAULT_SECRET_ID, 'hvs.', 'a-value'];
    const errors: unknown[] = [];
    for (const kind of [
      'throttled',
      'unavailable',
      'denied',
      'identity',
      'sealed',
      'reset',
      'malformed',
    ] as const) {
      const remove = vault.faults.inject({ kind });
      const newcomer = createVault({ address: vault.url, auth: appRole(vault) });
      for (const each of [provider, withToken, newcomer]) {
        errors.push(await failure(each.read(NAME)));
        errors.push(await failure(each.write?.(NAME, '{"password":"a-value"}')));
      }
      remove();
    }
    vault.faults.inject({ kind: 'hang' });
    errors.push(await failure(provider.read(NAME, { signal: AbortSignal.timeout(50) })));
    for (const error of errors) {
      const shown = inspect(error, { depth: 10, showHidden: true });
      for (const secret of seen) assert.ok(!shown.includes(secret), `${secret} shows in ${shown}`);
    }
  });

  it('does not follow a redirect with the token', async (context) => {
    const { vault } = await setUp(context);
    let followed = 0;
    const elsewhere = await listen((_request, response) => {
      followed += 1;
      response.end('{}');
    });
    const redirecting = await listen((_request, response) =>
      response.writeHead(307, { location: `${elsewhere.url}/v1/stolen` }).end(),
    );
    context.after(() => Promise.all([elsewhere.close(), redirecting.close()]));
    const auth: VaultAuth = { method: 'token', token: vault.createToken() };
    const error = await rejection('unavailable', createVault({ address: redirecting.url, auth }).read(NAME));
    assert.match(error.remedy, /VAULT_ADDR/);
    assert.equal(followed, 0);
  });
});

describe('Vault: the life of a login', () => {
  it('logs in once for concurrent reads', async (context) => {
    const { vault, provider } = await setUp(context);
    await vault.put(NAME, '{"n":"1"}');
    await Promise.all(Array.from({ length: 20 }, () => provider.read(NAME)));
    assert.equal(vault.sessions.logins, 1);
  });

  it('logs in again when the token is revoked, once for concurrent reads', async (context) => {
    const { vault, provider } = await setUp(context);
    await vault.put(NAME, '{"n":"1"}');
    await provider.read(NAME);
    vault.revokeTokens();
    await Promise.all(Array.from({ length: 20 }, () => provider.read(NAME)));
    assert.equal(vault.sessions.logins, 2);
  });

  it('logs in again when the token has expired', async (context) => {
    const time = manualClock();
    // Only Vault's clock advances: as if this process had been suspended, without a renewal.
    const vault = await start({ clock: time.clock, tokenTtl: HOUR });
    context.after(vault.close);
    await vault.put(NAME, '{"n":"1"}');
    const provider = createVault({ address: vault.url, auth: appRole(vault) });
    await provider.read(NAME);
    await time.advance(HOUR + 1);
    await provider.read(NAME);
    assert.equal(vault.sessions.logins, 2);
  });

  it('reports identity when the token is gone and no login is configured', async (context) => {
    const { vault } = await setUp(context);
    await vault.put(NAME, '{"n":"1"}');
    const auth: VaultAuth = { method: 'token', token: vault.createToken() };
    const provider = createVault({ address: vault.url, auth });
    await provider.read(NAME);
    vault.revokeTokens();
    await rejection('identity', provider.read(NAME));
  });

  it('renews at two thirds, and not more often, with a TTL of 768 hours', async (context) => {
    const { vault, time } = await setUpWithClock(context, {
      tokenTtl: 768 * HOUR,
      tokenMaxTtl: 7680 * HOUR,
    });
    await time.advance(511 * HOUR);
    assert.equal(vault.sessions.renewals, 0);
    await time.advance(2 * HOUR);
    assert.equal(vault.sessions.renewals, 1);
    await time.advance(512 * HOUR);
    assert.equal(vault.sessions.renewals, 2);
  });

  it('the system clock accepts a TTL of ten years', async (context) => {
    const { vault, provider } = await setUpWithClock(
      context,
      { tokenTtl: 87_600 * HOUR, tokenMaxTtl: 876_000 * HOUR },
      systemClock,
    );
    // A timer that had overflowed would fire after a millisecond, before a network round trip.
    for (let reads = 0; reads < 5; reads += 1) await provider.read(NAME);
    assert.equal(vault.sessions.renewals, 0);
    assert.equal(vault.sessions.logins, 1);
  });

  it('logs in again before the max TTL ends the token', async (context) => {
    const { vault, time } = await setUpWithClock(context, { tokenTtl: HOUR, tokenMaxTtl: 1.5 * HOUR });
    // Renewed after 40 minutes, to end at 90; replaced after two thirds of these 50; and so on.
    await time.advance(3 * HOUR);
    assert.deepEqual(vault.sessions, { logins: 3, renewals: 2 });
  });

  it('keeps the token during an outage of Vault, with few requests, and recovers', async (context) => {
    const { vault, provider, time } = await setUpWithClock(context, { tokenTtl: HOUR });
    let requests = 0;
    const matches = ({ path }: { path: string }) => {
      if (!path.startsWith('/v1/auth/')) return false;
      requests += 1;
      return true;
    };
    const remove = vault.faults.inject({ kind: 'unavailable' }, { matches });
    await time.advance(45 * 60);
    // Five minutes of outage since the first attempt; four attempts a minute, each a renewal and a login.
    assert.ok(requests >= 2 && requests <= 42, `${requests} requests`);
    await provider.read(NAME);
    remove();
    await time.advance(60);
    assert.equal(vault.sessions.renewals, 1);
    await time.advance(30 * 60);
    await provider.read(NAME);
    assert.equal(vault.sessions.logins, 1);
  });

  it('renews a configured token that is renewable, and does not touch another', async (context) => {
    for (const renewable of [true, false]) {
      const time = manualClock();
      const vault = await start({ clock: time.clock });
      context.after(vault.close);
      await vault.put(NAME, '{"n":"1"}');
      const auth: VaultAuth = { method: 'token', token: vault.createToken({ ttl: HOUR, renewable }) };
      const provider = createVault({ address: vault.url, auth }, { clock: time.clock });
      context.after(provider.close);
      await provider.read(NAME);
      await time.settle();
      await time.advance(2 * HOUR);
      if (renewable) await provider.read(NAME);
      else await rejection('identity', provider.read(NAME));
    }
  });

  it('close() revokes a token from a login, stops renewing, and keeps a configured token', async (context) => {
    const { vault, provider, time } = await setUpWithClock(context, {});
    const before = vault.tokenCount();
    await provider.close?.();
    await provider.close?.();
    assert.equal(vault.tokenCount(), before - 1);
    assert.equal(time.pending(), 0);

    const auth: VaultAuth = { method: 'token', token: vault.createToken() };
    const given = createVault({ address: vault.url, auth });
    await given.read(NAME);
    await given.close?.();
    assert.equal(vault.tokenCount(), before);
  });

  it('close() does not wait for a Vault that hangs', async (context) => {
    const { vault, provider } = await setUpWithClock(context, {});
    vault.faults.inject({ kind: 'hang' });
    const started = performance.now();
    await provider.close?.();
    assert.ok(performance.now() - started < 2_000);
  });

  it('never sends VAULT_TOKEN from the environment', async (context) => {
    const tokens: unknown[] = [];
    const { url, close } = await listen((request, response) => {
      tokens.push(request.headers['x-vault-token']);
      response.writeHead(400).end();
    });
    context.after(close);
    const auth: VaultAuth = { method: 'approle', roleId: 'r', secretId: 's' };
    await rejection('identity', createVault({ address: url, auth }).read(NAME));
    assert.deepEqual(tokens, [undefined]);
  });
});

describe('Vault: a secret id in a file', () => {
  it('is read at each login', async (context) => {
    const directory = await mkdtemp(join(tmpdir(), 'vault-'));
    context.after(() => rm(directory, { recursive: true }));
    const vault = await start();
    context.after(vault.close);
    await vault.put(NAME, '{"n":"1"}');
    const path = join(directory, 'secret-id');
    const auth: VaultAuth = {
      method: 'approle',
      roleId: vault.environment.VAULT_ROLE_ID,
      secretId: { path },
    };
    const provider = createVault({ address: vault.url, auth });

    const missing = await rejection('identity', provider.read(NAME));
    assert.match(missing.remedy, /VAULT_SECRET_ID_FILE/);
    await writeFile(path, 'replaced since\n');
    await rejection('identity', provider.read(NAME));
    await writeFile(path, `${vault.environment.VAULT_SECRET_ID}\n`);
    assert.equal((await provider.read(NAME)).value, '{"n":"1"}');
    await provider.close?.();
  });
});

describe('Vault: TLS', () => {
  it('trusts the authority it is given, and no other', async (context) => {
    const directory = await mkdtemp(join(tmpdir(), 'vault-'));
    context.after(() => rm(directory, { recursive: true }));
    const { private: key, cert } = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
    });
    const vault = await start({ tls: { key, cert } });
    context.after(vault.close);
    await vault.put(NAME, '{"n":"1"}');
    const caCertificatePath = join(directory, 'ca.pem');
    await writeFile(caCertificatePath, cert);

    const auth = appRole(vault);
    const trusting = createVault({ address: vault.url, auth, caCertificatePath });
    assert.equal((await trusting.read(NAME)).value, '{"n":"1"}');
    await trusting.close?.();

    const error = await rejection('unavailable', createVault({ address: vault.url, auth }).read(NAME));
    assert.match(error.remedy, /VAULT_CACERT/);
    const missing = { address: vault.url, auth, caCertificatePath: join(directory, 'missing.pem') };
    assert.throws(() => createVault(missing), { name: 'SecretError', code: 'invalid' });
  });
});

async function setUp(context: TestContext) {
  const vault = await start();
  const provider = createVault({ address: vault.url, auth: appRole(vault) });
  context.after(async () => {
    await vault.close();
    await provider.close?.();
  });
  return { vault, provider };
}

/** A provider that has logged in, with a clock that it shares with its Vault. */
async function setUpWithClock(context: TestContext, options: Partial<VaultOptions>, clock?: Clock) {
  const time = manualClock();
  const vault = await start({ ...options, clock: clock ?? time.clock });
  await vault.put(NAME, '{"n":"1"}');
  const provider = createVault({ address: vault.url, auth: appRole(vault) }, { clock: clock ?? time.clock });
  context.after(async () => {
    await vault.close();
    await provider.close?.();
  });
  await provider.read(NAME);
  return { vault, provider, time };
}

/** A clock that a test advances. I/O over the real network settles in between. */
function manualClock() {
  let now = 0;
  const tasks = new Set<{ at: number; task: () => void }>();
  const wallAtStart = Date.now();
  const settle = async () => {
    // A loopback exchange takes a few dozen turns of the event loop once no request is open.
    for (let turns = 0; turns < 200; turns += 1) await turn();
  };
  const clock: Clock = {
    now: () => now,
    wall: () => wallAtStart + now,
    sleep: () => Promise.reject(new Error('nobody sleeps here')),
    schedule(milliseconds, task) {
      const entry = { at: now + milliseconds, task };
      tasks.add(entry);
      return () => void tasks.delete(entry);
    },
  };
  return {
    clock,
    settle,
    pending: () => tasks.size,
    async advance(seconds: number) {
      const until = now + seconds * 1000;
      for (;;) {
        const due = [...tasks].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
        if (!due) break;
        tasks.delete(due);
        now = Math.max(now, due.at);
        due.task();
        await settle();
      }
      now = until;
    },
  };
}

const failure = (promise: Promise<unknown> | undefined): Promise<unknown> =>
  Promise.resolve(promise).then(
    () => assert.fail('expected a failure'),
    (error: unknown) => error,
  );

async function rejection(code: SecretErrorCode, promise: Promise<unknown> | undefined): Promise<SecretError> {
  const error = await failure(promise);
  assert.ok(error instanceof SecretError, `expected a SecretError, got ${error}`);
  assert.equal(error.code, code, error.message);
  return error;
}
