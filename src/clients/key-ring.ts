/** The keys that may have signed a token that is still good, and the one that signs now. */
import { createHash, createSecretKey, type KeyObject } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Loaded } from '../secrets/live-secret.ts';
import type { JwtSecret } from '../secrets/schemas.ts';

export interface Key {
  /** Derived from the key, so that replicas agree on it whatever version numbers they see. */
  kid: string;
  key: KeyObject;
}

export interface KeyRing {
  /** Takes another version of the secret into use. */
  turn(loaded: Loaded<JwtSecret>): void;
  signingKey(): Key;
  find(kid: string): KeyObject | undefined;
  settings(): JwtSecret;
}

export interface KeyRingOptions {
  clock: Clock;
  /** Milliseconds in which every replica sees a new key. */
  propagation: number;
  /** Milliseconds from `since` in which every look at the backend was good. */
  confirmedFor: (since: number) => number;
}

/** How far the clocks of this machine and of the backend may be apart, in milliseconds. */
const CLOCK_DIFFERENCE = 5 * 60_000;
const HOUR = 3_600_000;

export function createKeyRing({ clock, propagation, confirmedFor }: KeyRingOptions): KeyRing {
  /** Earlier keys by `kid`, with the time until which a token of theirs can be good: for ever while one signs. */
  const earlier = new Map<string, { key: KeyObject; until: number }>();
  let ring: { loaded: Loaded<JwtSecret>; current: Key; signer: Key } | undefined;

  /** Others need the backend to see it: time before it answered again does not count. */
  const isKnownToAll = ({ loadedAt }: Loaded<JwtSecret>) => confirmedFor(loadedAt) >= propagation;

  /** Made so long ago that others have seen it, whatever the clocks say: spares a process that starts the wait. */
  const isOld = ({ createdAt }: Loaded<JwtSecret>) =>
    createdAt !== undefined && clock.wall() - createdAt.getTime() >= propagation + CLOCK_DIFFERENCE;

  /** The ring as it is now: the current key signs once all know it. */
  const settled = () => {
    if (!ring) throw new Error('The key ring is used before it was turned.');
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

      // A key that was replaced before all knew it never signs: some replicas may not have seen it at all.
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
 * Keys become KeyObjects once: verifying with one takes a third of the time of verifying with a string. The `kid` is
 * a digest of the key and tells nothing that a token signed with it does not: either lets one test a guess.
 */
function createKey(secret: string): Key {
  const kid = createHash('sha256').update('kid').update(secret).digest('base64url').slice(0, 16);
  return { kid, key: createSecretKey(secret, 'utf8') };
}
