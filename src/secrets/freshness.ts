/** How old a secret may get while the backend fails, and when to look again. Knows time, does no I/O. */
import type { Clock } from '../clock.ts';
import type { SecretError, SecretErrorCode } from '../errors.ts';

/** Somebody may have taken the secret away on purpose: that must not be outlived for long. */
const REVOKING: ReadonlySet<SecretErrorCode> = new Set(['not-found', 'denied', 'disabled']);

/** Milliseconds. What spares a backend that does not answer is the breaker: a look it does not let through costs nothing. */
const FIRST_RETRY = 5_000;
const LONGEST_RETRY = 30_000;

export interface FreshnessOptions {
  clock: Clock;
  /** Milliseconds after which a secret is looked at again. */
  ttl: number;
  /** Uniform in [0, 1). */
  random: () => number;
  /** Milliseconds past the TTL for which a secret counts as usable that the backend cannot confirm. Default 30 minutes. */
  staleFor?: number;
  /** Milliseconds for which a secret is used that the backend has twice refused to give. Default 5 minutes. */
  grace?: number;
}

export interface Freshness {
  succeeded(): void;
  failed(error: SecretError): void;
  /** Why the last look failed; undefined after a good one. */
  lastFailure(): SecretErrorCode | undefined;
  /** Milliseconds since the backend last confirmed the secret. */
  age(): number;
  /** When the looks began of which none has failed up to the last good one, on the monotonic clock. */
  steadyFrom(): number;
  /** Whether the secret was taken away on purpose and the grace is over: it must not be used any more. */
  revoked(): boolean;
  /** Whether a process with this version is ready: the secret is neither revoked nor too old. */
  usable(): boolean;
  /** Milliseconds until the next look. */
  nextLook(): number;
}

export function createFreshness({
  clock,
  ttl,
  random,
  staleFor = 30 * 60_000,
  grace = 5 * 60_000,
}: FreshnessOptions): Freshness {
  let confirmedAt = clock.now();
  let steadyFrom = clock.now();
  let failures = 0;
  let last: SecretError | undefined;
  let refusals = 0;
  let revokedAt = Number.POSITIVE_INFINITY;

  const revoked = () => clock.now() - revokedAt >= grace;

  return {
    succeeded() {
      confirmedAt = clock.now();
      if (failures > 0) steadyFrom = confirmedAt;
      failures = 0;
      last = undefined;
      refusals = 0;
      revokedAt = Number.POSITIVE_INFINITY;
    },

    failed(error) {
      failures += 1;
      last = error;
      // A failure that may pass says nothing about a refusal before it: only a good look takes that back.
      if (!REVOKING.has(error.code)) return;
      refusals += 1;
      // Once may be a mistake on the way, or a permission that has just been granted and not spread yet.
      if (refusals === 2) revokedAt = clock.now();
    },

    lastFailure: () => last?.code,
    age: () => clock.now() - confirmedAt,
    steadyFrom: () => steadyFrom,
    revoked,
    usable: () => !revoked() && clock.now() - confirmedAt < ttl + staleFor,

    nextLook() {
      // Spread over the last fifth, so that replicas do not ask in step.
      if (failures === 0) return ttl * (0.8 + 0.2 * random());
      const backoff = Math.min(ttl, LONGEST_RETRY, FIRST_RETRY * 2 ** (failures - 1));
      // A backend may ask for a wait, and not for one in which the secret grows too old.
      return Math.max(backoff * (0.5 + 0.5 * random()), Math.min(last?.retryAfter ?? 0, ttl));
    },
  };
}
