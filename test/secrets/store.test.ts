import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { StartupError } from '../../src/errors.ts';
import type { LiveSecret } from '../../src/secrets/live-secret.ts';
import { createSecretStore } from '../../src/secrets/store.ts';
import { createFakeClock } from '../support/clock.ts';
import { silentLogger } from '../support/logger.ts';
import { createMemoryProvider } from '../support/memory-provider.ts';

const schema = z.object({ n: z.number() });
const TTL = 300_000;

function createFixture({ history = false } = {}) {
  const clock = createFakeClock();
  const backend = createMemoryProvider();
  const store = createSecretStore({
    provider: backend.provider,
    clock,
    logger: silentLogger,
    ttl: TTL,
    random: () => 0.5,
  });
  const secret: LiveSecret<{ n: number }> = store.require({
    id: 'jwt',
    name: 'myapp/jwt',
    schema,
    fields: [],
    history,
  });
  const rotations: number[] = [];
  secret.onRotated(({ value }) => rotations.push(value.n));
  const put = (n: unknown) => backend.put('myapp/jwt', { n });
  return { clock, backend, store, secret, rotations, put, load: () => store.load({ timeout: 30_000 }) };
}

async function failedStart(fixture: ReturnType<typeof createFixture>): Promise<StartupError> {
  const outcome = fixture.load().then(
    () => assert.fail('it started'),
    (error: unknown) => error,
  );
  await fixture.clock.advance(120_000);
  const error = await outcome;
  assert.ok(error instanceof StartupError, String(error));
  return error;
}

describe('loading', () => {
  it('makes every required secret current', async () => {
    const { put, load, secret } = createFixture();
    put(1);
    await load();
    assert.deepEqual(secret.current().value, { n: 1 });
    assert.equal(secret.current().version, 'v1');
  });

  it('a secret that is used before it is loaded throws', () => {
    assert.throws(() => createFixture().secret.current(), /before the store has loaded it/);
  });

  it('loads the previous version where the definition asks for history', async () => {
    const { put, load, secret } = createFixture({ history: true });
    put(1);
    put(2);
    await load();
    assert.deepEqual(secret.current().previous, { n: 1 });
  });

  it('retries temporary failures', async () => {
    const { put, load, secret, backend, clock } = createFixture();
    put(1);
    backend.failWith('unavailable', 'throttled', 'unavailable');
    const loaded = load();
    await clock.advance(10_000);
    await loaded;
    assert.equal(secret.current().value.n, 1);
    assert.equal(backend.calls.read, 4);
  });

  it('a temporary failure ends the start within the timeout, with exit code 75', async () => {
    const fixture = createFixture();
    fixture.backend.failWith(...Array.from({ length: 100 }, () => 'unavailable' as const));
    const error = await failedStart(fixture);
    assert.equal(error.exitCode, 75);
    assert.ok(
      fixture.backend.calls.read > 5 && fixture.backend.calls.read < 100,
      String(fixture.backend.calls.read),
    );
  });

  it('a permanent failure ends the start at once, with exit code 78', async () => {
    const fixture = createFixture();
    const error = await failedStart(fixture);
    assert.equal(error.exitCode, 78);
    assert.equal(fixture.backend.calls.read, 1);
    assert.deepEqual(
      error.problems.map(({ subject, code }) => [subject, code]),
      [['jwt', 'not-found']],
    );
  });

  it('reports every secret that failed, and does not wait for the others', async () => {
    const fixture = createFixture();
    fixture.store.require({ id: 'openai', name: 'myapp/openai', schema, fields: [] });
    fixture.put(1);
    fixture.backend.failWith('unavailable');
    const error = await failedStart(fixture);
    assert.equal(error.exitCode, 78);
    assert.deepEqual(
      error.problems.map(({ subject }) => subject),
      ['jwt', 'openai'],
    );
    assert.match(error.report(), /2 of 2 required secrets could not be loaded/);
  });

  it('a wrong shape is a permanent failure that names the field and not the value', async () => {
    const fixture = createFixture();
    fixture.put('do-not-show');
    const error = await failedStart(fixture);
    assert.equal(error.problems[0]?.code, 'invalid');
    assert.match(error.report(), /n: /);
    assert.doesNotMatch(error.report(), /do-not-show/);
  });

  it('text that is not JSON is not quoted', async () => {
    const fixture = createFixture();
    fixture.backend.put('myapp/jwt', 'do-not-show');
    const { inspect } = await import('node:util');
    const error = await failedStart(fixture);
    assert.doesNotMatch(inspect(error, { depth: 10, showHidden: true }), /do-not-show/);
  });
});

describe('refreshIfStale', () => {
  it('returns a newer version in memory without I/O', async () => {
    const { put, load, secret, backend } = createFixture();
    put(1);
    await load();
    const { loaded } = await secret.refreshIfStale('an older one');
    assert.equal(loaded.version, 'v1');
    assert.equal(backend.calls.read, 1);
  });

  it('reads the version that replaced the seen one, and calls the listeners', async () => {
    const { put, load, secret, rotations } = createFixture();
    put(1);
    await load();
    put(2);
    const { loaded } = await secret.refreshIfStale('v1');
    assert.equal(loaded.value.n, 2);
    assert.deepEqual(rotations, [2]);
    assert.deepEqual(secret.current().previous, { n: 1 });
  });

  it('a hundred callers share one read', async () => {
    const { put, load, secret, backend } = createFixture();
    put(1);
    await load();
    put(2);
    const release = backend.hold();
    const results = Promise.all(Array.from({ length: 100 }, () => secret.refreshIfStale('v1')));
    release();
    assert.deepEqual(new Set((await results).map(({ loaded }) => loaded.version)), new Set(['v2']));
    assert.equal(backend.calls.read, 2);
  });

  it('reads at most once per cooldown, counted from the attempt', async () => {
    const { put, load, secret, backend, clock } = createFixture();
    put(1);
    await load();
    for (let index = 0; index < 10; index += 1) await secret.refreshIfStale('v1');
    assert.equal(backend.calls.read, 2);
    await clock.advance(5_000);
    await secret.refreshIfStale('v1');
    assert.equal(backend.calls.read, 3);
  });

  it('a failure starts the cooldown too, and keeps the last good version', async () => {
    const { put, load, secret, backend, clock, store } = createFixture();
    put(1);
    await load();
    put(2);
    backend.failWith('unavailable');
    assert.equal((await secret.refreshIfStale('v1')).loaded.version, 'v1');
    assert.equal(store.status()[0]?.lastFailure, 'unavailable');
    const waiting = secret.refreshIfStale('v1');
    await clock.advance(4_999);
    assert.equal(backend.calls.read, 2);
    await clock.advance(1);
    assert.equal((await waiting).loaded.version, 'v2');
    assert.equal(store.status()[0]?.lastFailure, undefined);
  });

  it('goes past an open breaker, which a refresh by the timer does not', async () => {
    const { put, load, secret, backend, clock } = createFixture();
    put(1);
    await load();
    backend.fail('unavailable');
    await clock.advance(2 * TTL);
    backend.recover();
    put(2);
    const { read, version } = backend.calls;
    await clock.advance(5_000);
    assert.deepEqual({ ...backend.calls, close: 0 }, { read, version, close: 0 }, 'the breaker is open');
    assert.equal((await secret.refreshIfStale('v1')).loaded.value.n, 2);
  });

  it('a second rotation within the cooldown is waited for', async () => {
    const { put, load, secret, backend, clock } = createFixture();
    put(1);
    await load();
    put(2);
    await secret.refreshIfStale('v1');
    put(3);
    const waiting = Promise.all(Array.from({ length: 20 }, () => secret.refreshIfStale('v2')));
    await clock.advance(5_000);
    assert.deepEqual(new Set((await waiting).map(({ loaded }) => loaded.version)), new Set(['v3']));
    assert.equal(backend.calls.read, 3);
  });

  it('a refresh that began before the refusal does not count', async () => {
    const { put, load, secret, backend } = createFixture();
    put(1);
    await load();
    const release = backend.hold();
    const refresh = secret.refresh();
    const refused = secret.refreshIfStale('v1');
    release();
    await refresh;
    put(2);
    assert.equal((await refused).loaded.version, 'v2');
  });

  it('a new version of the wrong shape does not replace a good one', async () => {
    const { put, load, secret, rotations } = createFixture();
    put(1);
    await load();
    put('broken');
    assert.equal((await secret.refreshIfStale('v1')).loaded.version, 'v1');
    assert.deepEqual(rotations, []);
  });
});

describe('refreshing in the background', () => {
  it('checks the version after the TTL, and reads the value only if that changed', async () => {
    const { put, load, secret, backend, clock } = createFixture();
    put(1);
    await load();
    await clock.advance(TTL * 0.9);
    assert.deepEqual(backend.calls, { read: 1, version: 1, close: 0 });
    put(2);
    await clock.advance(TTL * 0.9);
    assert.deepEqual(backend.calls, { read: 2, version: 2, close: 0 });
    assert.equal(secret.current().value.n, 2);
  });

  it('continues after a failure', async () => {
    const { put, load, secret, backend, clock } = createFixture();
    put(1);
    await load();
    put(2);
    backend.failWith('unavailable');
    await clock.advance(TTL * 0.9);
    assert.equal(secret.current().value.n, 1);
    await clock.advance(TTL * 0.9);
    assert.equal(secret.current().value.n, 2);
  });

  it('ends with close(), which also closes the provider', async () => {
    const { put, load, store, backend, clock } = createFixture();
    put(1);
    await load();
    await store.close();
    await clock.advance(TTL * 10);
    assert.deepEqual(backend.calls, { read: 1, version: 0, close: 1 });
  });
});
