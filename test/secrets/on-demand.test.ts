import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { SecretError, type SecretErrorCode } from '../../src/errors.ts';
import { secretName } from '../../src/secrets/names.ts';
import { createOnDemandSecrets, type GetOptions } from '../../src/secrets/on-demand.ts';
import { createSecret, type SecretProvider } from '../../src/secrets/provider.ts';
import { getBackend } from '../../src/secrets/providers/registry.ts';
import { createFakeClock } from '../support/clock.ts';
import { silentLogger } from '../support/logger.ts';
import { createMemoryProvider } from '../support/memory-provider.ts';

const NAME = 'myapp/keys';
const nameOf = (id: string) => secretName(id, { backend: getBackend('aws'), prefix: 'myapp' });

function createFixture({ limit }: { limit?: number } = {}) {
  const clock = createFakeClock();
  const backend = createMemoryProvider();
  const written: string[] = [];
  const secrets = createOnDemandSecrets({
    provider: backend.provider,
    openWriter: async () => backend.provider,
    nameOf,
    written: async (name) => void written.push(name),
    clock,
    logger: silentLogger,
    random: () => 1,
    ...(limit && { limit }),
  });
  return { ...backend, secrets, clock, written };
}

describe('get', () => {
  for (const [text, value] of [
    ['{"a":{"b":[1]}}', { a: { b: [1] } }],
    ['[1,2]', [1, 2]],
    ['"quoted"', 'quoted'],
    ['7', 7],
    ['plain text', 'plain text'],
    ['{"a":', '{"a":'],
    [' padded ', ' padded '],
  ] as const)
    it(`returns ${JSON.stringify(value)} for ${text}`, async () => {
      const { secrets, put } = createFixture();
      put(NAME, text);
      assert.deepEqual(await secrets.get('keys'), value);
    });

  for (const placeholder of ['{}', '', '  \n', '{ }', ' {\n} '])
    it(`returns null for the placeholder ${JSON.stringify(placeholder)}`, async () => {
      const { secrets, put } = createFixture();
      put(NAME, placeholder);
      assert.equal(await secrets.get('keys'), null);
    });

  it('returns null for a missing secret', async () => {
    assert.equal(await createFixture().secrets.get('keys'), null);
  });

  for (const code of ['denied', 'disabled', 'identity', 'throttled', 'unavailable', 'invalid'] as const)
    it(`throws ${code}, and reads again`, async () => {
      const { secrets, put, failWith } = createFixture();
      put(NAME, '{"a":1}');
      failWith(code);
      await assert.rejects(secrets.get('keys'), (error: SecretError) => error.code === code);
      assert.deepEqual(await secrets.get('keys'), { a: 1 });
    });

  it('returns each caller its own object', async () => {
    const { secrets, put } = createFixture();
    put(NAME, '{"a":1}');
    Object.assign((await secrets.getJson('keys')) ?? {}, { a: 2 });
    assert.deepEqual(await secrets.get('keys'), { a: 1 });
  });

  it('reads nothing outside the prefix', async () => {
    const { secrets, calls } = createFixture();
    for (const name of ['../other', '/other', 'a/../../other', 'other secret', '', '.', 'a\0b'])
      for (const use of [secrets.get(name), secrets.set(name, 'x')])
        await assert.rejects(use, (error: SecretError) => error.code === 'invalid');
    assert.equal(calls.read, 0);
  });
});

describe('getJson and getString', () => {
  for (const [text, json, string] of [
    ['{"a":1}', { a: 1 }, null],
    ['[1]', null, null],
    ['null', null, null],
    ['7', null, null],
    ['"quoted"', null, 'quoted'],
    ['plain', null, 'plain'],
    ['{}', null, null],
  ] as const)
    it(`of ${text}`, async () => {
      const { secrets, put } = createFixture();
      put(NAME, text);
      assert.deepEqual(await secrets.getJson('keys'), json);
      assert.equal(await secrets.getString('keys'), string);
    });
});

describe('a value in memory', () => {
  /** How many reads a `get` makes so long after a first one. */
  const readsAfter = async (milliseconds: number, options?: GetOptions, value = '{"a":1}') => {
    const { secrets, put, calls, clock } = createFixture();
    if (value) put(NAME, value);
    await secrets.get('keys');
    await clock.advance(milliseconds);
    await secrets.get('keys', options);
    return calls.read - 1;
  };

  it('is fresh for five minutes', async () => {
    assert.equal(await readsAfter(299_999), 0);
    assert.equal(await readsAfter(300_000), 1);
  });

  it('is fresh for the TTL of the caller', async () => {
    assert.equal(await readsAfter(59_999, { ttl: 60_000 }), 0);
    assert.equal(await readsAfter(60_000, { ttl: 60_000 }), 1);
    assert.equal(await readsAfter(3_000_000, { ttl: 3_600_000 }), 0);
  });

  it('is not used with a TTL of 0, or without cache', async () => {
    assert.equal(await readsAfter(0, { ttl: 0 }), 1);
    assert.equal(await readsAfter(0, { cache: false }), 1);
    assert.equal(await readsAfter(0, { ttl: 60_000, cache: false }), 1);
  });

  it('a missing secret is kept for five seconds', async () => {
    assert.equal(await readsAfter(4_999, {}, ''), 0);
    assert.equal(await readsAfter(5_000, {}, ''), 1);
    assert.equal(await readsAfter(5_000, {}, '{}'), 1);
    assert.equal(await readsAfter(1_000, { ttl: 1_000 }, ''), 1);
  });

  for (const options of [{ ttl: 0 }, { cache: false }])
    it(`is updated by ${JSON.stringify(options)}`, async () => {
      const { secrets, put, calls } = createFixture();
      put(NAME, '"old"');
      await secrets.get('keys');
      put(NAME, '"new"');
      assert.equal(await secrets.get('keys'), 'old');
      assert.equal(await secrets.get('keys', options), 'new');
      assert.equal(await secrets.get('keys'), 'new');
      assert.equal(calls.read, 2);
    });

  it('is dropped when too many secrets were used after it', async () => {
    const { secrets, put, calls } = createFixture({ limit: 2 });
    for (const name of ['a', 'b', 'c']) put(`myapp/${name}`, name);
    for (const name of ['a', 'b', 'a', 'c']) await secrets.get(name);
    assert.equal(calls.read, 3);
    await secrets.get('a');
    assert.equal(calls.read, 3);
    await secrets.get('b');
    assert.equal(calls.read, 4);
  });
});

describe('simultaneous calls', () => {
  for (const options of [{}, { ttl: 0 }])
    it(`share one read ${JSON.stringify(options)}`, async () => {
      const { secrets, put, calls, hold } = createFixture();
      put(NAME, 'text');
      const release = hold();
      const all = Array.from({ length: 50 }, () => secrets.get('keys', options));
      release();
      assert.deepEqual(new Set(await Promise.all(all)), new Set(['text']));
      assert.equal(calls.read, 1);
    });

  it('with a TTL of 0 do not join a read that began earlier', async () => {
    const { secrets, put, clock, hold, calls } = createFixture();
    put(NAME, 'text');
    const release = hold();
    const early = secrets.get('keys');
    await clock.advance(100);
    const late = [secrets.get('keys', { ttl: 0 }), secrets.get('keys', { cache: false })];
    release();
    await Promise.all([early, ...late]);
    assert.equal(calls.read, 2);
  });

  it('fail after three seconds without an answer', async () => {
    const clock = createFakeClock();
    const silent: SecretProvider = {
      name: 'silent',
      read: (_name, { signal } = {}) =>
        new Promise((_resolve, reject) =>
          signal?.addEventListener('abort', () =>
            reject(new SecretError('unavailable', 'silent', { remedy: 'None: this is a test.' })),
          ),
        ),
    };
    const secrets = createOnDemandSecrets({
      provider: silent,
      openWriter: async () => silent,
      nameOf,
      written: async () => {},
      clock,
      logger: silentLogger,
    });
    const read = assert.rejects(secrets.get('keys'), /silent/);
    await clock.advance(3_000);
    await read;
    await assert.rejects(secrets.set('keys', 'x'), /cannot write/);
  });
});

describe('while the backend fails', () => {
  const MINUTE = 60_000;

  const createKept = async (fail?: SecretErrorCode) => {
    const fixture = createFixture();
    fixture.put(NAME, 'kept');
    await fixture.secrets.get('keys');
    if (fail) fixture.fail(fail);
    return fixture;
  };

  for (const code of ['unavailable', 'throttled', 'identity', 'invalid'] as const)
    it(`${code}: the last good value is served until 30 minutes past the TTL`, async () => {
      const { secrets, clock, recover } = await createKept(code);
      for (let minute = 1; minute < 35; minute += 1) {
        await clock.advance(MINUTE);
        assert.equal(await secrets.get('keys'), 'kept', `after ${minute} minutes`);
      }
      await clock.advance(MINUTE);
      await assert.rejects(secrets.get('keys'), (error: SecretError) => error.code === code);
      recover();
      assert.equal(await secrets.get('keys'), 'kept');
    });

  it('the bound follows the TTL of the caller', async () => {
    const { secrets, clock } = await createKept('unavailable');
    await clock.advance(31 * MINUTE - 1);
    assert.equal(await secrets.get('keys', { ttl: MINUTE }), 'kept');
    await clock.advance(1);
    await assert.rejects(secrets.get('keys', { ttl: MINUTE }), SecretError);
    assert.equal(await secrets.get('keys'), 'kept');
  });

  for (const options of [{ ttl: 0 }, { cache: false }])
    it(`${JSON.stringify(options)} reads the backend and throws`, async () => {
      const { secrets, clock, calls } = await createKept('unavailable');
      for (let read = 2; read < 5; read += 1) {
        await assert.rejects(secrets.get('keys', options), SecretError);
        assert.equal(calls.read, read);
        await clock.advance(MINUTE);
      }
    });

  for (const code of ['denied', 'disabled', 'not-found'] as const)
    it(`${code}: the value is served for five minutes after a second refusal, and no longer`, async () => {
      const { secrets, clock, recover } = await createKept(code);
      await clock.advance(5 * MINUTE);
      assert.equal(await secrets.get('keys'), 'kept', 'the first refusal may be a mistake');
      await clock.advance(4_999);
      assert.equal(await secrets.get('keys'), 'kept', 'too early for the second');
      await clock.advance(1);
      assert.equal(await secrets.get('keys'), 'kept', 'the second refusal');
      await clock.advance(5 * MINUTE - 1);
      assert.equal(await secrets.get('keys'), 'kept');
      await clock.advance(1);
      const ended = secrets.get('keys');
      if (code === 'not-found') assert.equal(await ended, null);
      else await assert.rejects(ended, (error: SecretError) => error.code === code);
      recover();
      await clock.advance(5_000);
      assert.equal(await secrets.get('keys'), 'kept');
    });

  it('a value that is still fresh is not served after the grace', async () => {
    const { secrets, clock } = await createKept('denied');
    for (let refusal = 0; refusal < 2; refusal += 1)
      await assert.rejects(secrets.get('keys', { ttl: 0 }), SecretError);
    await clock.advance(5 * MINUTE);
    await assert.rejects(secrets.get('keys', { ttl: 60 * MINUTE }), SecretError);
  });

  it('callers do not wait for it: after a failure reads are up to half a minute apart', async () => {
    const { secrets, clock, calls } = await createKept('unavailable');
    await clock.advance(5 * MINUTE);
    for (let second = 0; second < 20 * 60; second += 1) {
      assert.equal(await secrets.get('keys'), 'kept');
      await clock.advance(1_000);
    }
    assert.ok(calls.read > 35 && calls.read < 50, `${calls.read} reads`);
  });

  it('shows in the status', async () => {
    const { secrets, clock } = await createKept('throttled');
    await clock.advance(6 * MINUTE);
    await secrets.get('keys');
    const [status] = secrets.status();
    assert.deepEqual([status?.version, status?.age, status?.lastFailure], ['v1', 6 * MINUTE, 'throttled']);
  });
});

describe('a credential', () => {
  const schema = z.object({ key: z.string() });

  it('is validated, and has the version', async () => {
    const { secrets, put } = createFixture();
    put(NAME, { key: 'one' });
    const { value, version } = await secrets.credential('keys', schema).current();
    assert.deepEqual([value, version], [{ key: 'one' }, 'v1']);
  });

  it('that never had the right shape is an error with the name of the field', async () => {
    const { secrets, put } = createFixture();
    const credential = secrets.credential('keys', schema);
    await assert.rejects(async () => credential.current(), { code: 'not-found' });
    put(NAME, { other: 'do-not-show' });
    await secrets.get('keys', { ttl: 0 }).catch(() => {});
    await assert.rejects(async () => credential.current(), /key: is missing/);
  });

  it('a version of another shape does not replace a good one', async () => {
    const { secrets, put, clock } = createFixture();
    const credential = secrets.credential('keys', schema);
    put(NAME, { key: 'one' });
    await credential.current();
    put(NAME, { key: 1 });
    await clock.advance(300_000);
    assert.equal((await credential.current()).version, 'v1');
    assert.deepEqual(await secrets.get('keys'), { key: 'one' });
    assert.equal(secrets.status()[0]?.lastFailure, 'invalid');
  });

  it('follows what this process writes', async () => {
    const { secrets } = createFixture();
    const credential = secrets.credential('keys', schema);
    await secrets.set('keys', { key: 'one' });
    assert.equal((await credential.current()).value.key, 'one');
    await secrets.set('keys', {});
    await assert.rejects(async () => credential.current(), { code: 'not-found' });
    await assert.rejects(credential.refreshIfStale('v1'), { code: 'not-found' });
  });

  it('stays in memory, however many other secrets are read', async () => {
    const { secrets, put, calls } = createFixture({ limit: 1 });
    put(NAME, { key: 'one' });
    const credential = secrets.credential('keys', schema);
    await credential.current();
    for (const name of ['a', 'b', 'c']) await secrets.get(name);
    await credential.current();
    assert.equal(calls.read, 4);
  });
});

describe('set', () => {
  it('writes text as it is and other values as JSON', async () => {
    for (const [value, text] of [
      ['text', 'text'],
      ['{"a":1}', '{"a":1}'],
      [{ a: 1 }, '{"a":1}'],
      [[1], '[1]'],
      [7, '7'],
    ] as const) {
      const { secrets, provider } = createFixture();
      assert.equal(await secrets.set('keys', value), 'v1');
      assert.equal((await provider.read(NAME)).value, text);
    }
    await assert.rejects(createFixture().secrets.set('keys', undefined), TypeError);
  });

  it('later reads return the value without a call to the backend', async () => {
    const { secrets, calls, written } = createFixture();
    assert.equal(await secrets.get('keys'), null);
    await secrets.set('keys', { a: 1 });
    assert.deepEqual(await secrets.get('keys'), { a: 1 });
    assert.equal(calls.read, 1);
    assert.deepEqual(written, [NAME]);
  });

  it('is not undone by a read that began before', async () => {
    const { secrets, put, provider, clock } = createFixture();
    put(NAME, 'old');
    const { read } = provider;
    // Reads at once and answers late.
    provider.read = async (...parameters) => {
      const secret = await read(...parameters);
      await clock.sleep(100);
      return secret;
    };
    const early = secrets.get('keys');
    await secrets.set('keys', 'new');
    await clock.advance(100);
    assert.equal(await early, 'old');
    assert.equal(await secrets.get('keys'), 'new');
  });

  it('after a failed write the next read calls the backend', async () => {
    const { secrets, put, calls, failWith } = createFixture();
    put(NAME, 'old');
    await secrets.get('keys');
    failWith('unavailable');
    await assert.rejects(secrets.set('keys', 'new'));
    await secrets.get('keys');
    await secrets.get('keys');
    assert.equal(calls.read, 2);
  });

  it('a read that began before a failed write does not settle what the secret holds', async () => {
    const { secrets, put, provider, clock, calls } = createFixture();
    put(NAME, 'old');
    await secrets.get('keys');
    const { read } = provider;
    // Reads at once and answers late.
    provider.read = async (...parameters) => {
      const secret = await read(...parameters);
      await clock.sleep(100);
      return secret;
    };
    const early = secrets.get('keys', { ttl: 0 });
    // The answer to the write is lost.
    provider.write = async (name, value) => {
      put(name, value);
      throw new SecretError('unavailable', 'lost', { remedy: 'None: this is a test.' });
    };
    await assert.rejects(secrets.set('keys', 'new'), /lost/);
    await clock.advance(100);
    assert.equal(await early, 'old');
    const late = secrets.get('keys');
    await clock.advance(100);
    assert.equal(await late, 'new');
    assert.equal(calls.read, 3);
  });

  it('a failed write does not take the value away while the backend fails', async () => {
    const { secrets, put, fail } = createFixture();
    put(NAME, 'old');
    await secrets.get('keys');
    fail('unavailable');
    await assert.rejects(secrets.set('keys', 'new'));
    assert.equal(await secrets.get('keys'), 'old');
  });

  it('shows in the status, without its value', async () => {
    const { secrets, clock } = createFixture();
    assert.deepEqual(secrets.status(), []);
    await secrets.set('keys', 'shown-nowhere');
    await clock.advance(1_000);
    const [status] = secrets.status();
    assert.deepEqual(
      [status?.name, status?.version, status?.age, status?.lastFailure],
      [NAME, 'v1', 1_000, undefined],
    );
    assert.doesNotMatch(JSON.stringify(secrets.status()), /shown-nowhere/);
  });
});

/**
 * For any interleaving of reads, writes, changes by others and answers of the backend: a read returns a value that was
 * current within its TTL, and never one from before a `set` that had ended.
 */
describe('any interleaving', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('get' as const), ttl: fc.constantFrom(0, 50, 1_000, 300_000) }),
    fc.record({ kind: fc.constantFrom('set' as const, 'put' as const) }),
    fc.record({ kind: fc.constant('advance' as const), milliseconds: fc.integer({ min: 1, max: 400 }) }),
  );

  it('a read is fresh enough, and sees what was set', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 40 }),
        fc.infiniteStream(fc.integer({ min: 0, max: 200 })),
        async (steps, delays) => {
          const clock = createFakeClock();
          /** When each number became current. */
          const since: number[] = [0];
          const current = () => since.length - 1;
          const delay = () => clock.sleep(delays.next().value);
          const provider: SecretProvider = {
            name: 'numbers',
            async read(name) {
              await delay();
              const version = String(current());
              await delay();
              return createSecret({ name, value: `number ${version}`, version });
            },
            async write(_name, value) {
              await delay();
              since.push(clock.now());
              values.set(value, current());
              const version = String(current());
              await delay();
              return version;
            },
          };
          /** The number of each written text. */
          const values = new Map<string, number>();
          const numberOf = (text: unknown) => values.get(String(text)) ?? Number(String(text).slice(7));
          const secrets = createOnDemandSecrets({
            provider,
            openWriter: async () => provider,
            nameOf,
            written: async () => {},
            clock,
            logger: silentLogger,
          });

          let lastSet = 0;
          const pending: Promise<void>[] = [];
          const read = async (ttl: number) => {
            const [asked, floor] = [clock.now(), lastSet];
            const number = numberOf(await secrets.get('keys', { ttl }));
            const endedBeing = since[number + 1] ?? Number.POSITIVE_INFINITY;
            assert.ok(number >= floor, `${number} was read after ${floor} was set`);
            assert.ok(endedBeing >= asked - Math.max(ttl, 10), `${number} was not current any more`);
          };
          const write = async (text: string) => {
            const number = Number(await secrets.set('keys', text));
            lastSet = Math.max(lastSet, number);
          };
          for (const [index, next] of steps.entries()) {
            if (next.kind === 'advance') await clock.advance(next.milliseconds);
            else if (next.kind === 'put') since.push(clock.now());
            else pending.push(next.kind === 'get' ? read(next.ttl) : write(`written ${index}`));
          }
          await clock.advance(100_000);
          await Promise.all(pending);
        },
      ),
      { numRuns: 300 },
    );
  });
});
