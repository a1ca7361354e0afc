/** An hour without the backend costs no request: the real store, clients and SDKs on an injected clock. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { type Backend, type BackendName, startBackend } from '../../sandbox/backends.ts';
import type { Fault } from '../../sandbox/faults.ts';
import { startOpenAI } from '../../sandbox/openai.ts';
import { startVault } from '../../sandbox/vault.ts';
import { createTokens } from '../../src/clients/jwt.ts';
import { createChat } from '../../src/clients/openai.ts';
import type { SecretProvider } from '../../src/secrets/provider.ts';
import { getBackend } from '../../src/secrets/providers/registry.ts';
import { createVault } from '../../src/secrets/providers/vault/provider.ts';
import { jwtSchema, openaiSchema } from '../../src/secrets/schemas.ts';
import { createSecretStore } from '../../src/secrets/store.ts';
import { createFakeClock, type FakeClock } from '../support/clock.ts';
import { silentLogger } from '../support/logger.ts';

const TTL = 300_000;
const HOUR = 3_600_000;
const claims = { sub: '42', email: 'ada@example.com', role: 'admin' };
const { signal } = new AbortController();

let openai: Awaited<ReturnType<typeof startOpenAI>>;
before(async () => {
  openai = await startOpenAI();
});
after(() => openai.close());

/** The store and the clients of the service, except the database, which has tests of its own for this. */
async function startClients(provider: SecretProvider, name: string, put: Backend['put'], clock: FakeClock) {
  const nameOf = (id: 'jwt' | 'openai') => getBackend(name).nameOf('myapp', id);
  const putKey = () =>
    put(
      nameOf('openai'),
      JSON.stringify({ api_key: openai.createKey(), model: openai.model, base_url: openai.baseUrl }),
    );
  await put(
    nameOf('jwt'),
    JSON.stringify({ secret_key: 'a key that is longer than 32 bytes, as it must be' }),
  );
  await putKey();
  const store = createSecretStore({ provider, clock, logger: silentLogger, ttl: TTL });
  const jwt = store.require({ id: 'jwt', name: nameOf('jwt'), schema: jwtSchema, fields: [], history: true });
  const key = store.require({ id: 'openai', name: nameOf('openai'), schema: openaiSchema, fields: [] });
  await store.load({ timeout: 30_000 });
  const tokens = createTokens({ secret: jwt, clock, propagation: TTL });
  const chat = createChat({ secret: key, clock });
  const request = async () => {
    assert.deepEqual(await tokens.verify(tokens.sign(claims).token), claims);
    assert.equal(await chat.complete('hello', signal), 'You said: hello');
  };
  const isUsable = () => store.status().every(({ usable }) => usable);
  return { store, key, putKey, request, isUsable };
}

/** Moves the clock from one timer to the next, with a pause for the network each time. */
async function pass(clock: FakeClock, milliseconds: number, { pause = 3 } = {}) {
  const until = clock.now() + milliseconds;
  while (clock.now() < until) {
    await clock.advance(Math.min(clock.untilNext(), until - clock.now()));
    await delay(pause);
  }
}

/** Makes a request a minute for an hour, ends the outage, and expects the service to recover. */
async function outlast(
  { store, key, putKey, request, isUsable }: Awaited<ReturnType<typeof startClients>>,
  clock: FakeClock,
  end: () => unknown,
) {
  for (let minute = 0; minute < 60; minute += 1) {
    await pass(clock, HOUR / 60);
    await request();
    // Ready for the TTL and half an hour. Requests are served after that, too.
    if (minute < 29) assert.ok(isUsable(), `not usable after ${minute} minutes`);
    if (minute > 36) assert.ok(!isUsable(), `still usable after ${minute} minutes`);
  }
  await end();
  const { version } = key.current();
  await putKey();
  // The breaker may stay open for two more minutes, and refreshes after a failure are half a minute apart.
  for (let minute = 0; minute < 4 && !(isUsable() && key.current().version !== version); minute += 1)
    await pass(clock, 60_000, { pause: 100 });
  assert.notEqual(key.current().version, version);
  assert.ok(isUsable());
  await request();
  await store.close();
}

const FAULTS: Record<'aws' | 'vault' | 'azure', Fault[]> = {
  aws: [{ kind: 'hang' }, { kind: 'throttled' }],
  vault: [{ kind: 'hang' }, { kind: 'unavailable' }, { kind: 'throttled' }, { kind: 'sealed' }],
  azure: [{ kind: 'hang' }, { kind: 'unavailable' }],
};

for (const name of ['aws', 'vault', 'azure'] as const satisfies BackendName[])
  describe(`an hour without ${name}`, () => {
    let backend: Backend;
    let directory: string;
    const create = async () => {
      const configured = getBackend(name).configure(process.env);
      assert.ok('create' in configured);
      return configured.create();
    };
    before(async () => {
      directory = await mkdtemp(join(tmpdir(), 'outage-test-'));
      backend = await startBackend(name, { directory, mayRead: () => true });
      Object.assign(process.env, backend.environment);
      const authority = backend.environment.NODE_EXTRA_CA_CERTS;
      // NODE_EXTRA_CA_CERTS is read when a process starts, and this one has started.
      if (authority)
        setDefaultCACertificates([...getCACertificates('default'), await readFile(authority, 'utf8')]);
    });
    after(async () => {
      await backend.close();
      await rm(directory, { recursive: true });
    });

    for (const fault of FAULTS[name])
      it(`with the fault ${fault.kind}`, async () => {
        const clock = createFakeClock();
        const service = await startClients(await create(), name, backend.put, clock);
        let asked = 0;
        const remove = backend.faults?.inject(fault, { matches: () => Boolean(++asked) });
        await outlast(service, clock, () => {
          // A retry storm would be thousands, and a breaker that never probes none.
          assert.ok(asked > 10 && asked < 200, `called ${asked} times`);
          remove?.();
        });
      });

    it('with a refused connection', async () => {
      const clock = createFakeClock();
      const service = await startClients(await create(), name, backend.put, clock);
      await backend.listening?.refuse();
      await outlast(service, clock, () => backend.listening?.accept());
    });
  });

describe('the token of Vault in an hour without Vault', () => {
  /** Tokens live for ten minutes; the seal lasts an hour. */
  const createFixture = async (context: TestContext) => {
    const clock = createFakeClock();
    const vault = await startVault({ mayRead: () => true, tokenTtl: 600, clock });
    context.after(() => vault.close());
    const { VAULT_ADDR: address, VAULT_ROLE_ID: roleId, VAULT_SECRET_ID: secretId } = vault.environment;
    const provider = createVault({ address, auth: { method: 'approle', roleId, secretId } }, { clock });
    return { clock, vault, service: await startClients(provider, 'vault', vault.put, clock) };
  };

  it('expires, and the provider logs in again', async (context) => {
    const { clock, vault, service } = await createFixture(context);
    vault.seal();
    const { logins } = vault.sessions;
    await outlast(service, clock, vault.unseal);
    assert.equal(vault.sessions.logins, logins + 1);
  });

  it('is revoked, and the provider logs in again', async (context) => {
    const { clock, vault, service } = await createFixture(context);
    vault.seal();
    vault.revokeTokens();
    await outlast(service, clock, vault.unseal);
  });

  it('is revoked while Vault answers, which costs no request', async (context) => {
    const { clock, vault, service } = await createFixture(context);
    const before = vault.sessions.logins;
    vault.revokeTokens();
    for (let minute = 0; minute < 12; minute += 1) {
      await pass(clock, 60_000, { pause: 20 });
      await service.request();
      assert.ok(service.isUsable());
    }
    assert.equal(vault.sessions.logins, before + 1);
    await service.store.close();
  });
});
