/** The live secrets of one backend: loads them at startup, refreshes them in time, closes the backend. */
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { asSecretError, problemOf, type SecretError, StartupError } from '../errors.ts';
import { withBreaker } from './breaker.ts';
import {
  createLiveSecret,
  type LiveSecret,
  type ManagedSecret,
  type SecretDefinition,
  type SecretStatus,
} from './live-secret.ts';
import type { SecretProvider } from './provider.ts';

export type { SecretStatus };

export interface SecretStoreOptions {
  provider: SecretProvider;
  clock: Clock;
  logger: Logger;
  /** Milliseconds after which a secret is refreshed. */
  ttl: number;
  /** Uniform in [0, 1). Default Math.random. */
  random?: () => number;
}

export interface SecretStore {
  /** Adds a secret that the process cannot start without. */
  require<T>(definition: SecretDefinition<T>): LiveSecret<T>;
  /**
   * Loads all required secrets in parallel and retries temporary failures, for at most `timeout` milliseconds.
   * @throws StartupError with one problem per secret that failed
   */
  load(options: { timeout: number }): Promise<void>;
  /** The backend behind the store's breaker, for secrets that are read on demand. */
  readonly provider: SecretProvider;
  /** Takes a new version into use after a write to the secret of this backend name. Never throws. */
  written(name: string): Promise<void>;
  /** Each secret's name, version and state; never a value. */
  status(): SecretStatus[];
  /** Whether the backend has failed so often that it is left alone for a while. */
  isBreakerOpen(): boolean;
  /** Ends the refreshes and closes the backend. */
  close(): Promise<void>;
}

/** Milliseconds between two attempts to load a secret at startup. */
const FIRST_BACKOFF = 250;
const LONGEST_BACKOFF = 5_000;

export function createSecretStore({
  clock,
  logger,
  ttl,
  random = Math.random,
  ...options
}: SecretStoreOptions): SecretStore {
  const { provider, isOpen } = withBreaker(options.provider, { clock, logger, random });
  const secrets: ManagedSecret<unknown>[] = [];
  const timers = new Map<ManagedSecret<unknown>, () => void>();
  let closed = false;

  /** Each secret has one timer: a later call replaces an earlier one. */
  const scheduleRefresh = (secret: ManagedSecret<unknown>) => {
    timers.get(secret)?.();
    if (closed) return;
    const refresh = async () => {
      await secret.refresh();
      scheduleRefresh(secret);
    };
    timers.set(secret, clock.schedule(secret.nextRefresh(), refresh));
  };

  /** Resolves with the last error, or with undefined once the secret is loaded. */
  const loadWithRetries = async (
    secret: ManagedSecret<unknown>,
    deadline: number,
    hopeless: AbortSignal,
  ): Promise<SecretError | undefined> => {
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
  };

  return {
    provider,

    require<T>(definition: SecretDefinition<T>) {
      const secret = createLiveSecret(definition, { provider, clock, logger, ttl, random });
      const managed = secret as ManagedSecret<unknown>;
      // Another version may come with a lease that ends at another time.
      secret.onRotated(() => scheduleRefresh(managed));
      secrets.push(managed);
      return secret;
    },

    async load({ timeout }) {
      const deadline = clock.now() + timeout;
      // A permanent failure of one secret ends the retries of all: the process cannot start.
      const hopeless = new AbortController();
      const errors = await Promise.all(
        secrets.map(async (secret) => {
          const error = await loadWithRetries(secret, deadline, hopeless.signal);
          if (error && !error.retryable) hopeless.abort();
          return error;
        }),
      );
      const problems = secrets.flatMap(({ id }, index) => {
        const error = errors[index];
        return error ? [problemOf(id, error)] : [];
      });
      if (problems.length > 0)
        throw new StartupError(
          `${problems.length} of ${secrets.length} required secrets could not be loaded.`,
          problems,
          { temporary: errors.every((error) => error?.retryable ?? true), cause: errors.find(Boolean) },
        );
      for (const secret of secrets) scheduleRefresh(secret);
    },

    async written(name) {
      const affected = secrets.filter((secret) => secret.name === name);
      for (const secret of affected) secret.invalidate();
      await Promise.all(affected.map((secret) => secret.refresh({ urgent: true })));
    },

    status: () => secrets.map((secret) => secret.status()),
    isBreakerOpen: isOpen,

    async close() {
      closed = true;
      for (const cancel of timers.values()) cancel();
      await provider.close?.();
    },
  };
}
