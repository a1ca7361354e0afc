import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SecretError, type SecretErrorCode } from '../../src/errors.ts';
import { withBreaker } from '../../src/secrets/breaker.ts';
import { createFakeClock } from '../support/clock.ts';
import { silentLogger } from '../support/logger.ts';
import { createMemoryProvider } from '../support/memory-provider.ts';

function createFixture() {
  const clock = createFakeClock();
  const backend = createMemoryProvider();
  backend.put('a', { n: 1 });
  const { provider } = withBreaker(backend.provider, { clock, logger: silentLogger, random: () => 0 });
  const codeOf = () =>
    provider.read('a').then(
      () => 'ok',
      (error: unknown) => (error instanceof SecretError ? error.code : String(error)),
    );
  const fail = (count: number, code: SecretErrorCode = 'unavailable') =>
    backend.failWith(...Array.from({ length: count }, () => code));
  return { clock, backend, provider, codeOf, fail };
}

describe('the breaker', () => {
  it('opens after five failures in a row: then no call reaches the backend', async () => {
    const { backend, codeOf, fail } = createFixture();
    fail(5);
    for (let call = 0; call < 20; call += 1) assert.equal(await codeOf(), 'unavailable');
    assert.equal(backend.calls.read, 5);
  });

  it('a success or a refusal in between restarts the count', async () => {
    for (const between of ['good', 'denied'] as const) {
      const { backend, codeOf, fail } = createFixture();
      for (let round = 0; round < 3; round += 1) {
        fail(4);
        if (between === 'denied') fail(1, 'denied');
        for (let call = 0; call < 5; call += 1) await codeOf();
      }
      assert.equal(backend.calls.read, 15, between);
    }
  });

  it('makes one probe after ten seconds; a success closes it', async () => {
    const { clock, backend, codeOf, fail } = createFixture();
    fail(5);
    for (let call = 0; call < 5; call += 1) await codeOf();
    await clock.advance(9_999);
    assert.equal(await codeOf(), 'unavailable');
    await clock.advance(1);
    const release = backend.hold();
    const probes = Promise.all([codeOf(), codeOf(), codeOf()]);
    release();
    assert.deepEqual(await probes, ['ok', 'unavailable', 'unavailable']);
    assert.equal(backend.calls.read, 6);
    assert.equal(await codeOf(), 'ok');
  });

  it('pauses twice as long after each failed probe, up to two minutes', async () => {
    const { clock, backend, codeOf, fail } = createFixture();
    fail(100);
    for (let call = 0; call < 5; call += 1) await codeOf();
    for (const pause of [10_000, 20_000, 40_000, 80_000, 120_000, 120_000]) {
      const before = backend.calls.read;
      await clock.advance(pause - 1);
      await codeOf();
      assert.equal(backend.calls.read, before, `called before ${pause} ms`);
      await clock.advance(1);
      await codeOf();
      assert.equal(backend.calls.read, before + 1, `not called after ${pause} ms`);
    }
  });

  it('an urgent call goes past it, and neither opens nor closes it', async () => {
    const { provider, codeOf, fail } = createFixture();
    const urgent = () => provider.read('a', { urgent: true });
    fail(6);
    for (let call = 0; call < 6; call += 1) await assert.rejects(urgent(), SecretError);
    assert.equal(await codeOf(), 'ok', 'six urgent failures leave it closed');
    fail(5);
    for (let call = 0; call < 5; call += 1) await codeOf();
    assert.equal((await urgent()).version, 'v1');
    assert.equal(await provider.version?.('a', { urgent: true }), 'v1');
    assert.equal(await codeOf(), 'unavailable', 'an urgent success leaves it open');
  });

  it('counts errors of other classes', async () => {
    const { clock, backend } = createFixture();
    const { provider: broken } = withBreaker(
      { ...backend.provider, read: () => Promise.reject(new Error('a mistake')) },
      { clock, logger: silentLogger, random: () => 0 },
    );
    for (let call = 0; call < 5; call += 1) await assert.rejects(broken.read('a'), /a mistake/);
    await assert.rejects(broken.read('a'), /left alone for now/);
  });
});
