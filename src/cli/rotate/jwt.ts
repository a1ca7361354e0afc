/**
 * `rotate jwt`: a new key signs, and the previous one still verifies. One write does both, so there is no state in between.
 * With `revoke` the previous key is rejected, and every user must log in again.
 */
import { randomBytes } from 'node:crypto';
import { parseSecret } from '../../secrets/parse-secret.ts';
import { createSecret } from '../../secrets/provider.ts';
import { jwtSchema } from '../../secrets/schemas.ts';
import { RotationError } from '../rotation-error.ts';
import { withLock } from './lock.ts';
import { type RotationOptions, step } from './rotation.ts';
import { assertWritable, readStored, type StoredSecret, writeStored } from './stored-secret.ts';

export interface JwtRotationOptions extends RotationOptions {
  /** Rejects tokens of the old key. */
  revoke: boolean;
  /** Rotate even when valid tokens are rejected by that. */
  force: boolean;
}

/** TTLs until the new key signs: one to read it, and two until a check confirms that every replica has it. */
const SETTLING = 3;

/** 64 characters: the minimum of HS512, and enough for every algorithm. */
const KEY_BYTES = 48;

/** @throws RotationError, SecretError, or the error of PostgreSQL */
export async function rotateJwt(options: JwtRotationOptions): Promise<void> {
  const { provider, names, revoke, force } = options;
  assertWritable(provider);
  return withLock(options, async (assertStillLocked) => {
    const secret = await readStored(options, 'jwt');
    if (!revoke && !force) assertOldEnough(secret, options);

    const key = randomBytes(KEY_BYTES).toString('base64url');
    const changes = {
      // Under the name that the secret uses, or under both.
      ...('secret_key' in secret.raw && { secret_key: key }),
      ...('signing_key' in secret.raw && { signing_key: key }),
      previous_secret_key: revoke ? undefined : secret.value.secret_key,
      revoke_previous: revoke ? true : undefined,
    };
    // What the service would refuse must not be written.
    const value = JSON.stringify({ ...secret.raw, ...changes });
    parseSecret(jwtSchema, createSecret({ name: names.jwt, value, version: 'next' }));

    await step(options, `Writing ${names.jwt} with a new key${revoke ? ', and without the old one' : ''}.`);
    await assertStillLocked();
    await writeStored(provider, secret, changes);
    const seconds = (ttls: number) => Math.ceil((ttls * options.ttl) / 1000);
    await options.report(
      revoke
        ? `Done: within ${seconds(1)} s every process refuses what the old key has signed.`
        : `Done: the new key signs within ${seconds(SETTLING)} s, once every process knows it; the old one still verifies.`,
    );
  });
}

/**
 * A rotation drops the key before the current one. Processes may sign with that one until three TTLs after the current
 * version was made, and what they signed lives for `expiry_hours`.
 */
function assertOldEnough(
  {
    name,
    value,
    createdAt,
  }: StoredSecret<{ previous_secret_key?: string | undefined; expiry_hours: number }>,
  { clock, ttl }: JwtRotationOptions,
): void {
  if (!createdAt) return;
  const lifetime = value.previous_secret_key === undefined ? 0 : value.expiry_hours * 3_600_000;
  const allowed = createdAt.getTime() + SETTLING * ttl + lifetime;
  if (clock.wall() >= allowed) return;
  throw new RotationError(
    `${name} changed a short while ago, and tokens of the key before it are still in use.`,
    {
      remedy: `Rotate after ${new Date(allowed).toISOString()}; or with --force, and some have to log in again; or with --revoke, and all have to.`,
      temporary: true,
    },
  );
}
