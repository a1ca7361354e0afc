/** Holds the live secrets of one backend: loads them at startup, looks at them again, closes the backend. */
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import {
  createLiveSecret,
  type LiveSecret,
  type ManagedSecret,
  type SecretDefinition,
} from './live-secret.ts';
import type { SecretProvider } from './provider.ts';
import { loadAll } from './startup.ts';

export interface SecretStoreOptions {
  provider: SecretProvider;
  clock: Clock;
  logger: Logger;
  /** Milliseconds after which a secret is looked at again. */
  ttl: number;
  /** Uniform in [0, 1). Default Math.random. */
  random?: () => number;
}

export interface SecretStore {
  /** Adds a secret that the process cannot start without. */
  require<T>(definition: SecretDefinition<T>): LiveSecret<T>;
  /** Loads all required secrets in parallel. @throws StartupError one report of all that failed */
  load(options: { timeout: number }): Promise<void>;
  /** Each secret's name, version and last failure; never a value. */
  status(): ReturnType<ManagedSecret<unknown>['status']>[];
  /** Stops refreshing and lets go of the backend. */
  close(): Promise<void>;
}

export function createSecretStore({
  provider,
  clock,
  logger,
  ttl,
  random = Math.random,
}: SecretStoreOptions): SecretStore {
  const secrets: ManagedSecret<unknown>[] = [];
  const timers = new Map<ManagedSecret<unknown>, () => void>();
  let closed = false;

  /** Spread over the last fifth of the TTL, so that replicas do not ask in step. */
  const scheduleRefresh = (secret: ManagedSecret<unknown>) => {
    const cancel = clock.schedule(ttl * (0.8 + 0.2 * random()), async () => {
      await secret.refresh();
      if (!closed) scheduleRefresh(secret);
    });
    timers.set(secret, cancel);
  };

  return {
    require<T>(definition: SecretDefinition<T>) {
      const secret = createLiveSecret(definition, { provider, clock, logger });
      secrets.push(secret as ManagedSecret<unknown>);
      return secret;
    },

    async load({ timeout }) {
      await loadAll(secrets, { timeout, clock, logger, random });
      for (const secret of secrets) scheduleRefresh(secret);
    },

    status: () => secrets.map((secret) => secret.status()),

    async close() {
      closed = true;
      for (const cancel of timers.values()) cancel();
      await provider.close?.();
    },
  };
}
