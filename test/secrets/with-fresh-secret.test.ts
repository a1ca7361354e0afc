/** One mechanism for a refused credential, over a live secret and one that is read on demand. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { SecretError } from '../../src/errors.ts';
import { createOnDemandSecrets } from '../../src/secrets/on-demand.ts';
import type { SecretProvider } from '../../src/secrets/provider.ts';
import { createSecretStore } from '../../src/secrets/store.ts';
import { type RefreshableSecret, withFreshSecret } from '../../src/secrets/with-fresh-secret.ts';
import { createFakeClock, type FakeClock } from '../support/clock.ts';
import { silentLogger as logger } from '../support/logger.ts';
import { createMemoryProvider } from '../support/memory-provider.ts';

const NAME = 'myapp/key';
const schema = z.object({ key: z.string() });
type Credential = RefreshableSecret<z.infer<typeof schema>>;

const KINDS: Record<string, (provider: SecretProvider, clock: FakeClock) => Promise<Credential>> = {
  'a live secret': async (provider, clock) => {
    const store = createSecretStore({ provider, clock, logger, ttl: 300_000 });
    const secret = store.require({ id: 'openai', name: NAME, schema, fields: [] });
    await store.load({ timeout: 1_000 });
    return secret;
  },
  'a secret on demand': async (provider, clock) => {
    const secrets = createOnDemandSecrets({
      provider,
      openWriter: async () => provider,
      nameOf: () => NAME,
      written: async () => {},
      clock,
      logger,
    });
    const secret = secrets.credential('key', schema);
    await secret.current();
    return secret;
  },
};

class Refused extends Error {}

for (const [kind, create] of Object.entries(KINDS))
  describe(`with ${kind}`, () => {
    const createFixture = async () => {
      const clock = createFakeClock();
      const backend = createMemoryProvider();
      let accepted = 'v1';
      let calls = 0;
      const put = (key: string) => backend.put(NAME, { key });
      put('v1');
      // An attempt ends with its signal, whatever the backend does.
      const provider: SecretProvider = {
        ...backend.provider,
        read: (name, options) =>
          Promise.race([
            backend.provider.read(name, options),
            new Promise<never>((_resolve, reject) =>
              options?.signal?.addEventListener('abort', () =>
                reject(new SecretError('unavailable', 'no answer', { remedy: 'None: this is a test.' })),
              ),
            ),
          ]),
      };
      const secret = await create(provider, clock);
      /** A server that accepts one key; a call that ends says when. */
      const call = (since?: number) =>
        withFreshSecret(
          {
            secret,
            clock,
            isRefusal: (error) => error instanceof Refused,
            ...(since !== undefined && { since }),
          },
          async ({ value }) => {
            calls += 1;
            if (value.key !== accepted) throw new Refused(value.key);
            return value.key;
          },
        ).then(
          (result) => ({ result, at: clock.now() }),
          (error: unknown) => ({ error, at: clock.now() }),
        );
      return {
        clock,
        backend,
        put,
        call,
        accept: (key: string) => {
          accepted = key;
        },
        calls: () => calls,
      };
    };

    it('a refused key is replaced at once', async () => {
      const { call, put, accept, backend, calls } = await createFixture();
      put('v2');
      accept('v2');
      assert.deepEqual(await call(), { result: 'v2', at: 0 });
      assert.deepEqual([backend.calls.read, calls()], [2, 2]);
    });

    it('a key that is written after the refusal is waited for, with one read a cooldown', async () => {
      const { call, put, accept, backend, clock } = await createFixture();
      accept('v2');
      const all = Promise.all(Array.from({ length: 20 }, () => call()));
      await clock.advance(4_000);
      put('v2');
      await clock.advance(2_000);
      assert.deepEqual(
        new Set((await all).map(({ at, ...rest }) => JSON.stringify(rest))),
        new Set(['{"result":"v2"}']),
      );
      assert.equal(backend.calls.read, 3);
    });

    it('a key that stays refused is an error after seven seconds', async () => {
      const { call, accept, backend, clock } = await createFixture();
      accept('v2');
      const outcome = call();
      await clock.advance(8_000);
      const { at, ...rest } = await outcome;
      assert.ok('error' in rest && rest.error instanceof Refused);
      assert.ok(at >= 7_000 && at <= 7_500, `${at} ms`);
      assert.equal(backend.calls.read, 3);
    });

    it('while the backend fails the call waits 20 seconds, past an open breaker', async () => {
      const { call, put, accept, backend, clock } = await createFixture();
      accept('v2');
      put('v2');
      backend.fail('unavailable');
      const [lost, saved] = [call(), call()];
      await clock.advance(20_000);
      assert.ok('error' in (await lost) && 'error' in (await saved));
      const late = call();
      await clock.advance(1_000);
      backend.recover();
      await clock.advance(10_000);
      assert.ok('result' in (await late));
    });

    it('no call waits longer than 25 seconds, however late the backend is', async () => {
      const { call, accept, backend, clock } = await createFixture();
      accept('v2');
      backend.hold();
      const outcomes: Promise<{ at: number; started: number }>[] = [];
      for (let second = 0; second < 40; second += 0.5) {
        const started = clock.now();
        outcomes.push(call().then(({ at }) => ({ at, started })));
        await clock.advance(500);
      }
      await clock.advance(60_000);
      const longest = Math.max(...(await Promise.all(outcomes)).map(({ at, started }) => at - started));
      assert.ok(longest > 20_000 && longest <= 25_000, `${longest} ms`);
    });

    it('calls of one request share its budget', async () => {
      const { call, accept, backend, clock } = await createFixture();
      accept('v2');
      backend.hold();
      await clock.advance(24_000);
      const outcome = call(0);
      await clock.advance(60_000);
      assert.equal((await outcome).at, 25_000);
    });

    it('another error is not a refusal', async () => {
      const { backend, clock } = await createFixture();
      const secret = await create(backend.provider, clock);
      const before = backend.calls.read;
      const failing = withFreshSecret({ secret, clock, isRefusal: () => false }, async () => {
        throw new Error('another');
      });
      await assert.rejects(failing, /another/);
      assert.equal(backend.calls.read, before);
    });
  });
