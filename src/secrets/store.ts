/** Holds the live secrets of one backend: loads them at startup, looks at them again, closes the backend. */
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { withBreaker } from './breaker.ts';
import type { LiveSecret, SecretDefinition } from './live-secret.ts';
import { createManagedSecret, type ManagedSecret, type SecretStatus } from './managed-secret.ts';
import type { SecretProvider } from './provider.ts';
import { loadAll } from './startup.ts';

export type { SecretStatus };

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
  /** The backend behind the breaker, for those who read other secrets of it. */
  readonly guarded: SecretProvider;
  /** Somebody has written the secret of this backend's name: takes the new version into use. Never throws. */
  written(name: string): Promise<void>;
  /** Each secret's name, version and state; never a value. */
  status(): SecretStatus[];
  /** Whether the backend has failed so often that it is not asked for a while. */
  isBreakerOpen(): boolean;
  /** Stops looking and lets go of the backend. */
  close(): Promise<void>;
}

export function createSecretStore({
  provider,
  clock,
  logger,
  ttl,
  random = Math.random,
}: SecretStoreOptions): SecretStore {
  const breaker = withBreaker(provider, { clock, logger, random });
  const guarded = breaker.provider;
  const secrets: ManagedSecret<unknown>[] = [];
  const timers = new Map<ManagedSecret<unknown>, () => void>();
  let closed = false;

  /** One timer a secret: a later call replaces what an earlier one planned. */
  const scheduleLook = (secret: ManagedSecret<unknown>) => {
    timers.get(secret)?.();
    if (closed) return;
    const look = async () => {
      await secret.look();
      scheduleLook(secret);
    };
    timers.set(secret, clock.schedule(secret.nextLook(), look));
  };

  return {
    require<T>(definition: SecretDefinition<T>) {
      const secret = createManagedSecret(definition, { provider, guarded, clock, logger, ttl, random });
      const managed = secret as ManagedSecret<unknown>;
      // Another version may come with a lease that ends at another time.
      secret.onRotated(() => scheduleLook(managed));
      secrets.push(managed);
      return secret;
    },

    async load({ timeout }) {
      await loadAll(secrets, { timeout, clock, logger, random });
      for (const secret of secrets) scheduleLook(secret);
    },

    guarded,

    async written(name) {
      const affected = secrets.filter((secret) => secret.name === name);
      for (const secret of affected) secret.invalidate();
      await Promise.all(affected.map((secret) => secret.refresh()));
    },

    status: () => secrets.map((secret) => secret.status()),
    isBreakerOpen: breaker.isOpen,

    async close() {
      closed = true;
      for (const cancel of timers.values()) cancel();
      await provider.close?.();
    },
  };
}
