/**
 * The contract of every provider, as one suite. It runs against the sandbox in `npm test`, and against any backend with a
 * fixture. A provider is done when its suite passes.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Faults } from '../../../sandbox/faults.ts';
import { SecretError, type SecretErrorCode } from '../../../src/errors.ts';
import type { SecretProvider } from '../../../src/secrets/provider.ts';
import { notApplicable } from '../../support/skip.ts';

export interface ProviderFixture {
  provider: SecretProvider;
  /** The backend's name for a secret that the provider's identity may read. */
  nameOf(secret: string): string;
  /** Makes `value` the current version, as an administrator. */
  put(name: string, value: string): Promise<void>;
  /** Disables the secret, or deletes it so that it can be recovered. */
  disable(name: string): Promise<void>;
  /** Name of an existing secret that the provider's identity may not read. */
  forbidden: string;
  /** The same backend under an identity that may write; undefined for a read-only provider. */
  writer?: SecretProvider;
  /** The same provider, with an endpoint that refuses connections. */
  unreachable(): Promise<SecretProvider>;
  /** The same provider, with credentials that are unknown to the backend. */
  impostor?(): Promise<SecretProvider>;
  /** Fault injection; undefined where a backend has none, and its cases are skipped. */
  faults?: Faults;
  close(): Promise<void>;
}

type Write = NonNullable<SecretProvider['write']>;

export interface Deviations {
  /** Cases in which this backend deviates, each with the reason. */
  [title: string]: string;
}

export function describeProvider(
  label: string,
  start: () => Promise<ProviderFixture>,
  deviations: Deviations = {},
) {
  describe(`provider contract: ${label}`, () => {
    let fixture: ProviderFixture;
    before(async () => {
      fixture = await start();
    });
    after(() => fixture?.close());

    const deviationOf = (title: string) => {
      const reason = deviations[title];
      return reason === undefined ? false : notApplicable(reason);
    };
    const specify = (title: string, run: (fixture: ProviderFixture) => Promise<void>) =>
      it(title, { skip: deviationOf(title) }, () => run(fixture));

    const specifyFault = (title: string, run: (fixture: ProviderFixture, faults: Faults) => Promise<void>) =>
      it(title, { skip: deviationOf(title) }, async (context) => {
        if (!fixture.faults) return context.skip(notApplicable('this backend injects no faults'));
        try {
          await run(fixture, fixture.faults);
        } finally {
          fixture.faults.clear();
        }
      });

    specify('reads the current version', async ({ provider, nameOf, put }) => {
      const name = nameOf('found');
      await put(name, '{"username":"ada"}');
      const secret = await provider.read(name);
      assert.equal(secret.name, name);
      assert.deepEqual(JSON.parse(secret.value), { username: 'ada' });
      assert.ok(secret.version.length > 0);
      assert.ok(Object.isFrozen(secret));
    });

    specify('states when the version was made', async ({ provider, nameOf, put }) => {
      const name = nameOf('dated');
      await put(name, '{"a":"1"}');
      const { createdAt } = await provider.read(name);
      assert.ok(createdAt instanceof Date);
      assert.ok(Math.abs(Date.now() - createdAt.getTime()) < 60_000);
    });

    specify('hides the value from printers and serializers', async ({ provider, nameOf, put }) => {
      const name = nameOf('hidden');
      await put(name, '{"password":"visible-nowhere"}');
      const secret = await provider.read(name);
      const { inspect } = await import('node:util');
      for (const shown of [
        JSON.stringify(secret),
        inspect(secret),
        JSON.stringify({ ...secret }),
        `${secret}`,
      ])
        assert.ok(!shown.includes('visible-nowhere'));
    });

    specify('a new value has a new version', async ({ provider, nameOf, put }) => {
      const name = nameOf('changing');
      await put(name, '{"n":"1"}');
      const first = await provider.read(name);
      assert.equal((await provider.read(name)).version, first.version);
      await put(name, '{"n":"2"}');
      const second = await provider.read(name);
      assert.notEqual(second.version, first.version);
      assert.deepEqual(JSON.parse(second.value), { n: '2' });
    });

    specify('version() agrees with read()', async ({ provider, nameOf, put }) => {
      const name = nameOf('versioned');
      await put(name, '{"n":"1"}');
      assert.equal(await provider.version?.(name), (await provider.read(name)).version);
      await put(name, '{"n":"2"}');
      assert.equal(await provider.version?.(name), (await provider.read(name)).version);
    });

    specify('reads the previous version', async ({ provider, nameOf, put }) => {
      const name = nameOf('history');
      await put(name, '{"n":"1"}');
      const first = await provider.read(name);
      await rejectsWith('not-found', provider.read(name, { stage: 'previous' }));
      await put(name, '{"n":"2"}');
      const previous = await provider.read(name, { stage: 'previous' });
      assert.equal(previous.version, first.version);
      assert.deepEqual(JSON.parse(previous.value), { n: '1' });
    });

    specify('a stage without a version is not-found', async ({ provider, nameOf, put }) => {
      const name = nameOf('unstaged');
      await put(name, '{"n":"1"}');
      await rejectsWith('not-found', provider.read(name, { stage: 'pending' }));
    });

    specify('a missing secret is not-found', async ({ provider, nameOf }) => {
      const error = await rejectsWith('not-found', provider.read(nameOf('missing')));
      assert.match(error.message, /missing/);
      if (provider.version) await rejectsWith('not-found', provider.version(nameOf('missing')));
    });

    specify('a forbidden secret is denied', async ({ provider, forbidden }) => {
      const error = await rejectsWith('denied', provider.read(forbidden));
      assert.equal(error.retryable, false);
    });

    specify('unknown credentials are an identity error', async ({ impostor, nameOf, put }) => {
      if (!impostor) return;
      const name = nameOf('guarded');
      await put(name, '{"n":"1"}');
      const provider = await impostor();
      await rejectsWith('identity', provider.read(name));
      await provider.close?.();
    });

    specify('a secret that is switched off is disabled', async ({ provider, nameOf, put, disable }) => {
      const name = nameOf('retired');
      await put(name, '{"n":"1"}');
      await disable(name);
      await rejectsWith('disabled', provider.read(name));
      if (provider.version) await rejectsWith('disabled', provider.version(name));
    });

    specify('an unreachable backend is unavailable', async ({ unreachable, nameOf }) => {
      const provider = await unreachable();
      const error = await rejectsWith('unavailable', provider.read(nameOf('any')));
      assert.equal(error.retryable, true);
      assert.ok(error.cause);
      await provider.close?.();
    });

    specify('keeps large and non-ASCII values whole', async ({ provider, nameOf, put }) => {
      const name = nameOf('large');
      const value = { text: `naïve "quotes" %20 \n 秘密 🔑 ${'x'.repeat(20_000)}` };
      await put(name, JSON.stringify(value));
      assert.deepEqual(JSON.parse((await provider.read(name)).value), value);
    });

    specify('answers concurrent reads', async ({ provider, nameOf, put }) => {
      const names = Array.from({ length: 20 }, (_, index) => nameOf(`concurrent-${index}`));
      for (const name of names) await put(name, JSON.stringify({ name }));
      const secrets = await Promise.all(names.map((name) => provider.read(name)));
      assert.deepEqual(
        secrets.map(({ value }) => JSON.parse(value).name),
        names,
      );
    });

    specify('an aborted signal ends a read before it starts', async ({ provider, nameOf, put }) => {
      const name = nameOf('aborted');
      await put(name, '{"n":"1"}');
      await rejectsWith('unavailable', provider.read(name, { signal: AbortSignal.abort() }));
    });

    specifyFault(
      'a slow backend is left when the signal fires',
      async ({ provider, nameOf, put }, faults) => {
        const name = nameOf('slow');
        await put(name, '{"n":"1"}');
        faults.inject({ kind: 'hang' });
        const started = performance.now();
        await rejectsWith('unavailable', provider.read(name, { signal: AbortSignal.timeout(200) }));
        assert.ok(performance.now() - started < 1_500, 'the read outlived its signal');
      },
    );

    specifyFault('a late answer is an answer', async ({ provider, nameOf, put }, faults) => {
      const name = nameOf('late');
      await put(name, '{"n":"1"}');
      faults.inject({ kind: 'latency', milliseconds: 100 });
      assert.equal(JSON.parse((await provider.read(name)).value).n, '1');
    });

    const FAULTS: [
      kind: 'throttled' | 'unavailable' | 'denied' | 'reset' | 'malformed',
      code: SecretErrorCode,
    ][] = [
      ['throttled', 'throttled'],
      ['unavailable', 'unavailable'],
      ['denied', 'denied'],
      ['reset', 'unavailable'],
      ['malformed', 'unavailable'],
    ];
    for (const [kind, code] of FAULTS)
      specifyFault(`fault ${kind} is ${code}, and passes`, async ({ provider, nameOf, put }, faults) => {
        const name = nameOf(`fault-${kind}`);
        await put(name, '{"n":"1"}');
        const remove = faults.inject({ kind });
        await rejectsWith(code, provider.read(name));
        remove();
        assert.equal(JSON.parse((await provider.read(name)).value).n, '1');
      });

    const specifyWrite = (title: string, run: (fixture: ProviderFixture, write: Write) => Promise<void>) =>
      it(title, { skip: deviationOf(title) }, async (context) => {
        const { writer } = fixture;
        if (!writer?.write) return context.skip(notApplicable('this provider does not write'));
        await run(fixture, writer.write);
      });

    specifyWrite('what is written is what is read', async ({ provider, nameOf }, write) => {
      const name = nameOf('written');
      for (const value of ['{"n":"1"}', '{"n":"2"}', 'no JSON, naïve 🔑', '["list"]', '"text"', '7']) {
        const version = await write(name, value);
        const secret = await provider.read(name);
        assert.deepEqual([secret.value, secret.version], [value, version]);
      }
    });

    specifyWrite('the reader is refused to write', async ({ provider, nameOf }, write) => {
      const name = nameOf('read-only');
      const version = await write(name, '{"n":"1"}');
      const own = (options: object) => provider.write?.(name, '{"n":"2"}', options) ?? Promise.resolve();
      await rejectsWith('denied', own({}));
      await rejectsWith('denied', own({ expected: version }));
      assert.equal((await provider.read(name)).version, version);
    });

    specifyWrite('a write that expects another version is a conflict', async (fixture, write) => {
      const { provider, nameOf } = fixture;
      const name = nameOf('contested');
      const first = await write(name, '{"n":"1"}', { expected: null });
      const second = await write(name, '{"n":"2"}', { expected: first });
      await rejectsWith('conflict', write(name, '{"n":"3"}', { expected: first }));
      await rejectsWith('conflict', write(name, '{"n":"3"}', { expected: null }));
      const { value, version } = await provider.read(name);
      assert.deepEqual([value, version], ['{"n":"2"}', second]);
      assert.equal(JSON.parse((await provider.read(name, { stage: 'previous' })).value).n, '1');
    });

    specifyWrite('of several who expect the same version one writes', async (fixture, write) => {
      const { provider, nameOf } = fixture;
      const name = nameOf('raced');
      let expected: string | null = null;
      for (let round = 0; round < 3; round += 1) {
        const values = Array.from({ length: 4 }, (_, index) => JSON.stringify({ n: `${round} ${index}` }));
        const outcomes = await Promise.allSettled(values.map((value) => write(name, value, { expected })));
        const winners = values.filter((_, index) => outcomes[index]?.status === 'fulfilled');
        for (const outcome of outcomes)
          if (outcome.status === 'rejected') await rejectsWith('conflict', Promise.reject(outcome.reason));
        const { value, version } = await provider.read(name);
        assert.deepEqual(winners, [value]);
        expected = version;
      }
    });

    specify('close() releases everything, and may be called twice', async ({ provider }) => {
      await provider.close?.();
      await provider.close?.();
      await delay(0);
    });
  });
}

/** Asserts that `promise` rejects with a complete `SecretError` of this code, and returns it. */
async function rejectsWith(code: SecretErrorCode, promise: Promise<unknown>): Promise<SecretError> {
  const error = await promise.then(
    () => assert.fail(`expected ${code}, but it succeeded`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SecretError, `expected a SecretError, got ${error}`);
  assert.equal(error.code, code, `${error.message} (cause: ${error.cause})`);
  assert.ok(error.remedy.length > 20, 'a remedy says what to do');
  return error;
}
