import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SecretError, type SecretErrorCode } from '../../src/errors.ts';
import { createFreshness } from '../../src/secrets/freshness.ts';
import { createFakeClock } from '../support/clock.ts';

const TTL = 300_000;
const MINUTE = 60_000;

function createFixture(random = () => 0.5) {
  const clock = createFakeClock();
  return { clock, freshness: createFreshness({ clock, ttl: TTL, random }) };
}
const failure = (code: SecretErrorCode, retryAfter?: number) =>
  new SecretError(code, code, { remedy: 'None: this is a test.', retryAfter });

describe('a backend that does not answer', () => {
  for (const code of ['unavailable', 'throttled', 'identity', 'invalid'] as const)
    it(`${code}: the last good version is used until 30 minutes past the TTL`, async () => {
      const { clock, freshness } = createFixture();
      for (let minute = 0; minute < 34; minute += 1) {
        freshness.failed(failure(code));
        assert.ok(freshness.usable(), `after ${minute} minutes`);
        await clock.advance(MINUTE);
      }
      await clock.advance(MINUTE);
      assert.equal(freshness.usable(), false);
      freshness.succeeded();
      assert.ok(freshness.usable());
    });
});

describe('a secret that the backend refuses', () => {
  for (const code of ['denied', 'disabled', 'not-found'] as const)
    it(`${code} twice: five more minutes`, async () => {
      const { clock, freshness } = createFixture();
      freshness.failed(failure(code));
      await clock.advance(10 * MINUTE);
      assert.ok(freshness.usable(), 'one refusal may be a mistake');
      freshness.failed(failure(code));
      await clock.advance(5 * MINUTE - 1);
      assert.ok(freshness.usable());
      await clock.advance(1);
      assert.equal(freshness.usable(), false);
    });

  it('stays refused while the backend does not answer', async () => {
    const { clock, freshness } = createFixture();
    freshness.failed(failure('denied'));
    freshness.failed(failure('unavailable'));
    freshness.failed(failure('denied'));
    freshness.failed(failure('unavailable'));
    await clock.advance(5 * MINUTE);
    assert.equal(freshness.usable(), false);
  });

  it('is checked again soon', () => {
    const { freshness } = createFixture();
    freshness.failed(failure('denied'));
    assert.ok(freshness.nextRefresh() <= 5_000);
  });
});

describe('the next refresh', () => {
  it('is within the last fifth of the TTL', () => {
    assert.equal(createFixture(() => 0).freshness.nextRefresh(), TTL * 0.8);
    assert.ok(createFixture(() => 0.999).freshness.nextRefresh() < TTL);
  });

  it('backs off up to half a minute', () => {
    const { freshness } = createFixture(() => 1);
    const delays = Array.from({ length: 10 }, () => {
      freshness.failed(failure('unavailable'));
      return freshness.nextRefresh();
    });
    assert.deepEqual(delays.slice(0, 4), [5_000, 10_000, 20_000, 30_000]);
    assert.equal(delays.at(-1), 30_000);
  });

  it('waits for Retry-After', () => {
    const { freshness } = createFixture();
    freshness.failed(failure('throttled', 77_000));
    assert.equal(freshness.nextRefresh(), 77_000);
  });

  it('waits for the TTL at most, whatever the backend asks for', () => {
    const { freshness } = createFixture();
    freshness.failed(failure('throttled', 99_999_999_999));
    assert.equal(freshness.nextRefresh(), TTL);
  });
});
