/** How long a secret may be used while the backend fails, and when the next refresh is due. Does no I/O. */
import type { Clock } from '../clock.ts';
import type { SecretError, SecretErrorCode } from '../errors.ts';

/** The secret may have been revoked on purpose: it must not be used for long after that. */
const REVOKING: ReadonlySet<SecretErrorCode> = new Set(['not-found', 'denied', 'disabled']);

/** Milliseconds. Short, because the breaker spares a backend that does not answer. */
const FIRST_RETRY = 5_000;
const LONGEST_RETRY = 30_000;

export interface FreshnessOptions {
  clock: Clock;
  /** Milliseconds after which a secret is refreshed. */
  ttl: number;
  /** Uniform in [0, 1). */
  random: () => number;
  /** Milliseconds past the TTL for which an unconfirmed secret counts as usable. Default 30 minutes. */
  staleFor?: number;
  /** Milliseconds for which a secret is used after the backend has refused it twice. Default 5 minutes. */
  grace?: number;
}

export interface Freshness {
  /** @param at when the successful attempt began. Default now */
  succeeded(at?: number): void;
  failed(error: SecretError): void;
  /** Why the last refresh failed; undefined after a success. */
  lastFailure(): SecretErrorCode | undefined;
  /** Milliseconds since the backend last confirmed the secret. */
  age(): number;
  /** Start of the current run of successful refreshes, on the monotonic clock. */
  steadyFrom(): number;
  /** Whether the backend refused the secret twice and the grace is over: it must not be used any more. */
  revoked(): boolean;
  /**
   * Whether the secret counts as usable: it is neither revoked nor too old. For a live secret the process is then ready.
   * @param maxAge milliseconds in place of the TTL
   */
  usable(maxAge?: number): boolean;
  /** Milliseconds until the next refresh. */
  nextRefresh(): number;
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
    succeeded(at = clock.now()) {
      confirmedAt = at;
      if (failures > 0) steadyFrom = confirmedAt;
      failures = 0;
      last = undefined;
      refusals = 0;
      revokedAt = Number.POSITIVE_INFINITY;
    },

    failed(error) {
      failures += 1;
      last = error;
      // A temporary failure says nothing about an earlier refusal: only a success clears that.
      if (!REVOKING.has(error.code)) return;
      refusals += 1;
      // One refusal may be a fault on the way, or a permission that was just granted and has not spread yet.
      if (refusals === 2) revokedAt = clock.now();
    },

    lastFailure: () => last?.code,
    age: () => clock.now() - confirmedAt,
    steadyFrom: () => steadyFrom,
    revoked,
    usable: (maxAge = ttl) => !revoked() && clock.now() - confirmedAt < maxAge + staleFor,

    nextRefresh() {
      // Spread over the last fifth, so that replicas do not refresh at the same time.
      if (failures === 0) return ttl * (0.8 + 0.2 * random());
      const backoff = Math.min(ttl, LONGEST_RETRY, FIRST_RETRY * 2 ** (failures - 1));
      // A backend may ask for a longer wait, but not for one in which the secret grows too old.
      return Math.max(backoff * (0.5 + 0.5 * random()), Math.min(last?.retryAfter ?? 0, ttl));
    },
  };
}
