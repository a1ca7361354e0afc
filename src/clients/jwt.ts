/** Signs and verifies tokens with the keys of a ring. The `kid` of a token is the id of its key. */
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
  /** @returns the token and its lifetime in seconds. @throws SecretError when the key was revoked */
  sign(claims: Claims): { token: string; expiresIn: number };
  /** @throws InvalidTokenError when the token is not valid; SecretError when the key was revoked */
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
  /** Milliseconds in which every replica sees a new key. Until then the old key signs. */
  propagation: number;
  /** Milliseconds between two checks of the backend for an unknown `kid`. Default 30,000. */
  unknownKeyInterval?: number;
}

export function createTokens({
  secret,
  clock,
  propagation,
  unknownKeyInterval = 30_000,
}: TokensOptions): Tokens {
  const ring = createKeyRing({ clock, propagation, confirmedFor: secret.confirmedFor });
  let nextCheck = Number.NEGATIVE_INFINITY;
  let check: Promise<unknown> = Promise.resolve();
  ring.turn(secret.current());
  secret.onRotated((loaded) => ring.turn(loaded));

  /**
   * Checks the backend once per interval, for any number of unknown `kid`s. Callers that come meanwhile share the
   * check. The attempt starts the interval, and not its success.
   */
  const checkForKey = (kid: string) => {
    if (clock.now() >= nextCheck) {
      nextCheck = clock.now() + unknownKeyInterval;
      check = secret.refresh({ urgent: true }).then(() => {
        // The key was really new, so the token was not made up, and another new key may come soon.
        if (ring.find(kid)) nextCheck = Number.NEGATIVE_INFINITY;
      });
    }
    return check;
  };

  return {
    sign({ sub, email, role }) {
      // Throws for a revoked key. No server would refuse its tokens: this process is the one that verifies them.
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
      if (!ring.find(kid)) await checkForKey(kid);
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
  if (typeof kid !== 'string') throw new InvalidTokenError('The token has no kid.');
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
  // The library accepts a token without exp forever.
  if (exp === undefined) throw new InvalidTokenError('The token does not expire.');
  if (typeof sub !== 'string' || typeof email !== 'string' || typeof role !== 'string')
    throw new InvalidTokenError('The token lacks sub, email or role.');
  return { sub, email, role };
}
