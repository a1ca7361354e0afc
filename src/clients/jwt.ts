/** Signs and verifies tokens with the keys of a ring; a token names its key by `kid`. */
import jwt from 'jsonwebtoken';
import type { Clock } from '../clock.ts';
import type { LiveSecret } from '../secrets/live-secret.ts';
import type { JwtSecret } from '../secrets/schemas.ts';
import { createKeyRing } from './key-ring.ts';

export interface Claims {
  /** The user's id. */
  sub: string;
  email: string;
  role: string;
}

export interface Tokens {
  /** @returns the token and its lifetime in seconds. @throws SecretError when the key was taken away */
  sign(claims: Claims): { token: string; expiresIn: number };
  /** @throws InvalidTokenError for every token that must not be believed; SecretError when the key was taken away */
  verify(token: string): Promise<Claims>;
}

export class InvalidTokenError extends Error {
  override readonly name = 'InvalidTokenError';
}

/** Seconds by which the clocks of two replicas may differ. */
const CLOCK_TOLERANCE = 30;

export interface TokensOptions {
  secret: LiveSecret<JwtSecret>;
  clock: Clock;
  /** Milliseconds in which every replica sees a new key: until then the old one signs. */
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
  const ring = createKeyRing({ clock, propagation, confirmedFor: secret.confirmedFor });
  let nextLookup = Number.NEGATIVE_INFINITY;
  let lookup: Promise<unknown> = Promise.resolve();
  ring.turn(secret.current());
  secret.onRotated((loaded) => ring.turn(loaded));

  /** For any number of unknown `kid`s the backend is asked once per interval; armed before it is asked. */
  const lookUp = (kid: string) => {
    if (clock.now() >= nextLookup) {
      nextLookup = clock.now() + unknownKeyInterval;
      lookup = secret.refresh({ urgent: true }).then(() => {
        // The key was really new: whoever brought it is no stranger, and the next one may come soon.
        if (ring.find(kid)) nextLookup = Number.NEGATIVE_INFINITY;
      });
    }
    // Whoever comes while it is asked waits for the same answer.
    return lookup;
  };

  return {
    sign({ sub, email, role }) {
      // Nobody but us refuses a key that was taken away.
      secret.current();
      const { kid, key } = ring.signingKey();
      const { algorithm, expiry_hours, issuer, audience } = ring.settings();
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
      secret.current();
      const kid = keyIdOf(token);
      if (!ring.find(kid)) await lookUp(kid);
      const key = ring.find(kid);
      if (!key) throw new InvalidTokenError('The token is signed with an unknown key.');
      const { algorithm, issuer, audience } = ring.settings();
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

function keyIdOf(token: string): string {
  const kid = headerOf(token)?.kid;
  if (typeof kid !== 'string') throw new InvalidTokenError('The token names no key.');
  return kid;
}

function headerOf(token: string): jwt.JwtHeader | undefined {
  try {
    return jwt.decode(token, { complete: true })?.header;
  } catch (cause) {
    throw new InvalidTokenError('The token cannot be read.', { cause });
  }
}

function toClaims(payload: string | jwt.JwtPayload): Claims {
  if (typeof payload === 'string') throw new InvalidTokenError('The token has no claims.');
  const { sub, email, role, exp } = payload;
  // The library believes a token without an end for ever.
  if (exp === undefined) throw new InvalidTokenError('The token has no end.');
  if (typeof sub !== 'string' || typeof email !== 'string' || typeof role !== 'string')
    throw new InvalidTokenError('The token lacks a claim.');
  return { sub, email, role };
}
