/** The keys that may have signed a token that is still valid, and the one that signs now. */
import { createHash, createSecretKey, type KeyObject } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Loaded } from '../secrets/live-secret.ts';
import type { JwtSecret } from '../secrets/schemas.ts';

export interface Key {
  /** Derived from the key, so that replicas agree on it even if they see different version numbers. */
  kid: string;
  key: KeyObject;
}

export interface KeyRing {
  /** Takes another version of the secret into use. Must be called before the other methods. */
  turn(loaded: Loaded<JwtSecret>): void;
  signingKey(): Key;
  find(kid: string): KeyObject | undefined;
  settings(): JwtSecret;
}

export interface KeyRingOptions {
  clock: Clock;
  /** Milliseconds in which every replica sees a new key. */
  propagation: number;
  /** Milliseconds from `since` for which every check of the backend succeeded. */
  confirmedFor: (since: number) => number;
}

/** Milliseconds by which the clocks of this machine and of the backend may differ. */
const CLOCK_DIFFERENCE = 5 * 60_000;
const HOUR = 3_600_000;

export function createKeyRing({ clock, propagation, confirmedFor }: KeyRingOptions): KeyRing {
  /** Earlier keys by `kid`. Their tokens can be valid until the time given: no limit while such a key signs. */
  const earlier = new Map<string, { key: KeyObject; until: number }>();
  let ring: { loaded: Loaded<JwtSecret>; current: Key; signer: Key } | undefined;

  /** Whether every replica has seen it. Time in which the backend did not answer does not count: they need it, too. */
  const isKnownToAll = ({ loadedAt }: Loaded<JwtSecret>) => confirmedFor(loadedAt) >= propagation;

  /** Whether it is so old that every replica has seen it, even if clocks differ. A starting process then need not wait. */
  const isOld = ({ createdAt }: Loaded<JwtSecret>) =>
    createdAt !== undefined && clock.wall() - createdAt.getTime() >= propagation + CLOCK_DIFFERENCE;

  /** The ring as of now: the current key signs once every replica knows it. */
  const settled = () => {
    if (!ring) throw new Error('The key ring is used before its first key.');
    if (ring.signer !== ring.current && isKnownToAll(ring.loaded)) {
      ring.signer = ring.current;
      const until = clock.now() + propagation + ring.loaded.value.expiry_hours * HOUR;
      for (const key of earlier.values()) key.until = Math.min(key.until, until);
    }
    return ring;
  };

  return {
    turn(loaded) {
      const { secret_key, previous_secret_key, revoke_previous } = loaded.value;
      const before = ring && settled();
      const current = createKey(secret_key);
      const retiring = [previous_secret_key, loaded.previous?.secret_key, before?.loaded.value.secret_key]
        .flatMap((secret) => (secret === undefined ? [] : [createKey(secret)]))
        .filter(({ kid }) => kid !== current.kid);

      if (revoke_previous) earlier.clear();
      else for (const { kid, key } of retiring) earlier.set(kid, { key, until: Number.POSITIVE_INFINITY });
      earlier.delete(current.kid);
      for (const [kid, { until }] of earlier) if (until < clock.now()) earlier.delete(kid);

      // A key that was replaced before every replica knew it never signs: some may not have seen it at all.
      const isUsable = revoke_previous || (!before && isOld(loaded));
      const signer = isUsable ? current : (before?.signer ?? retiring[0] ?? current);
      ring = { loaded, current, signer };
    },

    signingKey: () => settled().signer,

    find(kid) {
      const { current } = settled();
      return kid === current.kid ? current.key : earlier.get(kid)?.key;
    },

    settings: () => settled().loaded.value,
  };
}

/**
 * A KeyObject is created once: verifying with it takes a third of the time of verifying with a string. The `kid` is a
 * digest of the key. It reveals no more than a token does: with either one, a guess of the key can be tested.
 */
function createKey(secret: string): Key {
  const kid = createHash('sha256').update('kid').update(secret).digest('base64url').slice(0, 16);
  return { kid, key: createSecretKey(secret, 'utf8') };
}
