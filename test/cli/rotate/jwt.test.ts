import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { rotateJwt } from '../../../src/cli/rotate/jwt.ts';
import type { RotationOptions } from '../../../src/cli/rotate/rotation.ts';
import { RotationError } from '../../../src/cli/rotation-error.ts';
import { jwtSchema } from '../../../src/secrets/schemas.ts';
import { createBackend, createRunningClock, names, startDatabase, type TestDatabase } from './fixture.ts';

let database: TestDatabase;
before(async () => {
  database = await startDatabase();
});
after(() => database?.stop());

const HOUR = 3_600_000;
const KEY = 'k'.repeat(64);

function createFixture(fields: object = { secret_key: KEY }) {
  const clock = createRunningClock();
  const backend = createBackend(clock);
  backend.put(names.database, database.app);
  backend.put(names.jwt, { algorithm: 'HS512', expiry_hours: '24', team: 'ours', ...fields });
  clock.advance(HOUR);
  return {
    ...backend,
    clock,
    stored: () => backend.stored(names.jwt),
    rotate: ({
      revoke = false,
      force = false,
      ...changes
    }: Partial<RotationOptions> & { revoke?: boolean; force?: boolean } = {}) =>
      rotateJwt({ ...backend.options(changes), revoke, force }),
  };
}

describe('rotate jwt', () => {
  it('makes a key that every algorithm takes, and keeps the one before it and all other fields', async () => {
    const { rotate, stored } = createFixture();
    await rotate();
    const { secret_key: key = '', ...rest } = await stored();
    assert.deepEqual(rest, {
      algorithm: 'HS512',
      expiry_hours: '24',
      team: 'ours',
      previous_secret_key: KEY,
    });
    assert.notEqual(key, KEY);
    assert.ok(Buffer.byteLength(key) >= 64);
    jwtSchema.parse(await stored());
  });

  it('writes under the name that the secret uses', async () => {
    const { rotate, stored } = createFixture({ signing_key: KEY });
    await rotate();
    const { signing_key, secret_key, previous_secret_key } = await stored();
    assert.deepEqual([secret_key, previous_secret_key], [undefined, KEY]);
    assert.notEqual(signing_key, KEY);
  });

  it('--revoke keeps no key, and the next rotation keeps one again', async () => {
    const { rotate, stored, clock } = createFixture({
      secret_key: KEY,
      previous_secret_key: KEY.toUpperCase(),
    });
    await rotate({ revoke: true });
    const revoked = jwtSchema.parse(await stored());
    assert.equal(revoked.previous_secret_key, undefined);
    assert.equal(revoked.revoke_previous, true);
    clock.advance(HOUR);
    await rotate();
    const next = jwtSchema.parse(await stored());
    assert.equal(next.previous_secret_key, revoked.secret_key);
    assert.ok(!('revoke_previous' in (await stored())));
  });

  it('refuses while tokens of the key that it would drop are good, but for --force and --revoke', async () => {
    const { rotate, clock, options } = createFixture();
    const { ttl } = options();
    const refused = { name: RotationError.name, temporary: true };
    await rotate();
    for (const wait of [0, 3 * ttl, 24 * HOUR - 1]) {
      clock.advance(wait);
      await assert.rejects(rotate(), refused);
      clock.advance(-wait);
    }
    clock.advance(24 * HOUR + 3 * ttl);
    await rotate();
    await rotate({ force: true });
    await rotate({ revoke: true });
  });

  it('refuses a first key that not every process knows yet', async () => {
    const { rotate, clock } = createFixture();
    clock.advance(-HOUR + 1);
    await assert.rejects(rotate(), { temporary: true });
  });

  it('killed at any step and run again, there is one new key or none', async (context) => {
    const { count, rotate: rotateOnce } = createFixture();
    const counted = count();
    await rotateOnce();
    for (let index = 0; index < counted(); index += 1)
      await context.test(`place ${index}`, async () => {
        const { rotate, at, calm, stored } = createFixture();
        const died = Promise.withResolvers<void>();
        at(index, () => {
          died.resolve();
          return new Promise(() => {});
        });
        void rotate();
        await died.promise;
        await database.killRotations();
        calm();
        const dead = jwtSchema.parse(await stored());
        const isDone = dead.secret_key !== KEY;
        if (isDone) await assert.rejects(rotate(), { temporary: true });
        else await rotate();
        assert.equal((await stored()).previous_secret_key, KEY);
      });
  });

  it('an answer that was lost is looked up', async () => {
    const { rotate, provider, stored, failWith } = createFixture();
    const { SecretError } = await import('../../../src/errors.ts');
    const losing = {
      ...provider,
      async write(name: string, value: string) {
        await provider.write?.(name, value);
        throw new SecretError('unavailable', 'no answer', { remedy: 'None.' });
      },
    };
    await rotate({ provider: losing });
    assert.equal((await stored()).previous_secret_key, KEY);
    failWith('throttled');
    await assert.rejects(rotate({ force: true }), { code: 'throttled' });
  });

  it('two at once: one refuses', async () => {
    const { rotate, at } = createFixture();
    at(0, () => assert.rejects(rotate({ revoke: true }), /Another rotation is running/));
    await rotate();
  });
});
