/** Loads the required secrets in parallel, retrying what can pass, and reports all that failed at once. */
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { asSecretError, problemOf, type SecretError, StartupError } from '../errors.ts';
import type { ManagedSecret } from './managed-secret.ts';

export interface LoadAllOptions {
  /** Milliseconds for everything. */
  timeout: number;
  clock: Clock;
  logger: Logger;
  random: () => number;
}

const FIRST_BACKOFF = 250;
const LONGEST_BACKOFF = 5_000;

/** @throws StartupError with one problem per secret; exit code 78 if a person must act, else 75 */
export async function loadAll(secrets: ManagedSecret<unknown>[], options: LoadAllOptions): Promise<void> {
  // Once one secret needs a person, there is no use in waiting for the others.
  const hopeless = new AbortController();
  const outcomes = await Promise.all(
    secrets.map(async (secret) => {
      const error = await loadWithRetries(secret, options, hopeless.signal);
      if (error && !error.retryable) hopeless.abort();
      return { secret, error };
    }),
  );
  const failures = outcomes.flatMap(({ secret, error }) => (error ? [{ secret, error }] : []));
  if (failures.length === 0) return;
  const problems = failures.map(({ secret, error }) => problemOf(secret.id, error));
  throw new StartupError(
    `${failures.length} of ${secrets.length} required secrets could not be loaded.`,
    problems,
    {
      temporary: failures.every(({ error }) => error.retryable),
      cause: failures[0]?.error,
    },
  );
}

/** Resolves with the error that ended it, or with nothing once the secret is loaded. */
async function loadWithRetries(
  secret: ManagedSecret<unknown>,
  { timeout, clock, logger, random }: LoadAllOptions,
  hopeless: AbortSignal,
): Promise<SecretError | undefined> {
  const deadline = clock.now() + timeout;
  for (let backoff = FIRST_BACKOFF; ; backoff = Math.min(backoff * 2, LONGEST_BACKOFF)) {
    try {
      await secret.load(deadline - clock.now());
      return undefined;
    } catch (thrown) {
      const error = asSecretError(thrown);
      // Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
      const pause = Math.max(random() * backoff, error.retryAfter ?? 0);
      if (!error.retryable || clock.now() + pause >= deadline) return error;
      logger.warn({ secret: secret.id, code: error.code }, `${error.message}; trying again`);
      await clock.sleep(pause, hopeless).catch(() => {});
      if (hopeless.aborted) return error;
    }
  }
}
