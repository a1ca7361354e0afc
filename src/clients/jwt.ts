/**
 * Signs and verifies tokens with a key ring: the current key and the one before it. A token names its key by
 * `kid`, which is derived from the key, so that replicas agree on it whatever version numbers they see.
 */
import { createHash, createSecretKey, type KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';
import type { Clock } from '../clock.ts';
import type { LiveSecret, Loaded } from '../secrets/live-secret.ts';
import type { JwtSecret } from '../secrets/schemas.ts';

export interface Claims {
  /** The user's id. */
  sub: string;
  email: string;
  role: string;
}

export interface Tokens {
  /** @returns the token and its lifetime in seconds */
  sign(claims: Claims): { token: string; expiresIn: number };
  /** @throws InvalidTokenError for every token that must not be believed */
  verify(token: string): Promise<Claims>;
}

export class InvalidTokenError extends Error {
  override readonly name = 'InvalidTokenError';
}

/** Seconds by which the clocks of two replicas may differ. */
const CLOCK_TOLERANCE = 30;

interface Key {
  kid: string;
  key: KeyObject;
}

export interface TokensOptions {
  secret: LiveSecret<JwtSecret>;
  clock: Clock;
  /** Milliseconds after its creation until every replica has seen a new key: until then the old one signs. */
  propagation: number;
  /** Milliseconds between two looks at the backend for a `kid` nobody knows. Default 30,000. */
  unknownKeyInterval?: number;
}

export function createTokens({
  secret,
  clock,
  propagation,
  unknownKeyInterval = 30_000,
}: TokensOptions): Tokens {
  let ring = createRing(secret.current());
  let nextLookup = Number.NEGATIVE_INFINITY;
  secret.onRotated((loaded) => {
    ring = createRing(loaded);
  });

  const signingKey = (): Key => {
    const { current, previous, createdAt, loadedAt } = ring;
    const age = createdAt ? clock.wall() - createdAt.getTime() : clock.now() - loadedAt;
    return previous && age < propagation ? previous : current;
  };

  /** For any number of unknown `kid`s the backend is asked once per interval; armed before it is asked. */
  const lookUp = async () => {
    if (clock.now() < nextLookup) return;
    nextLookup = clock.now() + unknownKeyInterval;
    await secret.refreshIfStale(ring.version);
  };

  return {
    sign({ sub, email, role }) {
      const { kid, key } = signingKey();
      const { algorithm, expiry_hours, issuer, audience } = ring.value;
      const expiresIn = Math.round(expiry_hours * 3600);
      const token = jwt.sign({ email, role, iat: Math.floor(clock.wall() / 1000) }, key, {
        algorithm,
        keyid: kid,
        subject: sub,
        expiresIn,
        ...(issuer && { issuer }),
        ...(audience && { audience }),
      });
      return { token, expiresIn };
    },

    async verify(token) {
      const kid = keyIdOf(token);
      if (!ring.keys.has(kid)) await lookUp();
      const key = ring.keys.get(kid);
      if (!key) throw new InvalidTokenError('The token is signed with an unknown key.');
      const { algorithm, issuer, audience } = ring.value;
      try {
        const payload = jwt.verify(token, key, {
          algorithms: [algorithm],
          clockTolerance: CLOCK_TOLERANCE,
          clockTimestamp: Math.floor(clock.wall() / 1000),
          ...(issuer && { issuer }),
          ...(audience && { audience }),
        });
        return toClaims(payload);
      } catch (error) {
        throw new InvalidTokenError(error instanceof Error ? error.message : 'The token is not valid.', {
          cause: error,
        });
      }
    },
  };
}

interface Ring {
  value: JwtSecret;
  version: string;
  createdAt: Date | undefined;
  loadedAt: number;
  current: Key;
  previous: Key | undefined;
  keys: Map<string, KeyObject>;
}

/** Keys become KeyObjects once: verifying with one takes a third of the time of verifying with a string. */
function createRing({ value, version, createdAt, loadedAt, previous }: Loaded<JwtSecret>): Ring {
  const current = createKey(value.secret_key);
  const earlier = [value.previous_secret_key, previous?.secret_key]
    .flatMap((key) => (key === undefined ? [] : [createKey(key)]))
    .filter(({ kid }) => kid !== current.kid);
  const keys = new Map([...earlier, current].map(({ kid, key }) => [kid, key]));
  return { value, version, createdAt, loadedAt, current, previous: earlier[0], keys };
}

/**
 * A digest of the key tells nothing that a token signed with it does not tell as well: either lets one test a
 * guess, and neither more.
 */
function createKey(secret: string): Key {
  const kid = createHash('sha256').update('kid').update(secret).digest('base64url').slice(0, 16);
  return { kid, key: createSecretKey(secret, 'utf8') };
}

function keyIdOf(token: string): string {
  const kid = jwt.decode(token, { complete: true })?.header.kid;
  if (typeof kid !== 'string') throw new InvalidTokenError('The token names no key.');
  return kid;
}

function toClaims(payload: string | jwt.JwtPayload): Claims {
  if (typeof payload === 'string') throw new InvalidTokenError('The token has no claims.');
  const { sub, email, role } = payload;
  if (typeof sub !== 'string' || typeof email !== 'string' || typeof role !== 'string')
    throw new InvalidTokenError('The token lacks a claim.');
  return { sub, email, role };
}
