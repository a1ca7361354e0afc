/** One secret while the process runs: its last good version, one refresh at a time, news of a rotation. */
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Clock } from '../clock.ts';
import { SecretError } from '../errors.ts';
import type { SecretId } from './names.ts';
import type { ReadOptions, Secret, SecretProvider, Stage } from './provider.ts';
import { parseSecret } from './schemas.ts';

export interface SecretDefinition<T> {
  id: SecretId;
  /** The backend's name. */
  name: string;
  schema: z.ZodType<T>;
  /** For backends that may store one secret per field. */
  fields: readonly string[];
  /** Also loads the version before the current one, where the backend keeps it. Default false. */
  history?: boolean;
}

/** A version that passed validation. */
export interface Loaded<T> {
  readonly value: T;
  readonly version: string;
  readonly createdAt: Date | undefined;
  /** When this process got it, on the monotonic clock. */
  readonly loadedAt: number;
  /** The value before this one, if it is known. */
  readonly previous: T | undefined;
}

export interface LiveSecret<T> {
  readonly id: SecretId;
  readonly name: string;
  /** The last good version. Does no I/O. @throws Error before the store has loaded it */
  current(): Loaded<T>;
  /**
   * For a caller whose version was just refused. Another version than `seenVersion` is returned at once;
   * else the backend is asked, together with everybody else who asks, at most once per cooldown. The same
   * version back means that nothing changed or that the backend could not say. Never throws.
   */
  refreshIfStale(seenVersion: string): Promise<Loaded<T>>;
  /** Calls `listener` after each change of version, with a validated value. */
  onRotated(listener: (loaded: Loaded<T>) => void): void;
}

/** What the store, and only the store, does with a live secret. */
export interface ManagedSecret<T> extends LiveSecret<T> {
  /** One attempt to load it for the first time. @throws SecretError */
  load(): Promise<void>;
  /** Asks for the version and, only if that changed, for the value. Logs failures, keeps the last good version. */
  refresh(): Promise<void>;
  /** Describes the secret without its value. */
  status(): { id: SecretId; name: string; version: string | undefined; lastFailure: string | undefined };
}

export interface LiveSecretOptions {
  provider: SecretProvider;
  clock: Clock;
  logger: Logger;
  /** Milliseconds between two refreshes that callers force. Default 5000. */
  cooldown?: number;
  /** Milliseconds one attempt may take. Default 3000. */
  attemptTimeout?: number;
}

export function createLiveSecret<T>(
  { id, name, schema, fields, history = false }: SecretDefinition<T>,
  { provider, clock, logger, cooldown = 5_000, attemptTimeout = 3_000 }: LiveSecretOptions,
): ManagedSecret<T> {
  const listeners = new Set<(loaded: Loaded<T>) => void>();
  const layout = { prefix: id, fields };
  let loaded: Loaded<T> | undefined;
  let flight: Promise<Loaded<T>> | undefined;
  let coolUntil = Number.NEGATIVE_INFINITY;
  let lastFailure: string | undefined;

  const current = (): Loaded<T> => {
    if (!loaded) throw new Error(`The secret ${id} is used before the store has loaded it.`);
    return loaded;
  };

  const read = (stage: Stage): Promise<Secret> =>
    provider.read(name, { stage, layout, signal: AbortSignal.timeout(attemptTimeout) });

  /** The version before, or undefined where there is none to be had; a passing failure is thrown. */
  const readPrevious = async (): Promise<T | undefined> => {
    if (!history) return undefined;
    try {
      return parseSecret(schema, await read('previous'));
    } catch (error) {
      if (!(error instanceof SecretError) || error.retryable) throw error;
      if (error.code !== 'not-found')
        logger.warn({ secret: id, err: error }, 'the previous version cannot be used');
      return undefined;
    }
  };

  const accept = (secret: Secret, previous: T | undefined): Loaded<T> => ({
    value: parseSecret(schema, secret),
    version: secret.version,
    createdAt: secret.createdAt,
    loadedAt: clock.now(),
    previous,
  });

  /** Takes a newer version into use and tells the listeners. */
  const publish = (secret: Secret): Loaded<T> => {
    const before = current();
    if (secret.version === before.version) return before;
    loaded = accept(secret, before.value);
    logger.info({ secret: id, version: loaded.version }, 'secret rotated');
    for (const listener of listeners) listener(loaded);
    return loaded;
  };

  /** Runs one refresh at a time; whoever comes meanwhile gets its result. A failure keeps what there is. */
  const fly = (attempt: () => Promise<Loaded<T>>): Promise<Loaded<T>> => {
    flight ??= attempt()
      .then(
        (result) => {
          lastFailure = undefined;
          return result;
        },
        (error: unknown) => {
          lastFailure = error instanceof SecretError ? error.code : 'unavailable';
          logger.warn({ secret: id, err: error }, 'secret not refreshed; the last good version stays in use');
          return current();
        },
      )
      .finally(() => {
        flight = undefined;
      });
    return flight;
  };

  const unchanged = async (): Promise<boolean> => {
    if (!provider.version) return false;
    const options: ReadOptions = { layout, signal: AbortSignal.timeout(attemptTimeout) };
    return (await provider.version(name, options)) === current().version;
  };

  return {
    id,
    name,
    current,

    async load() {
      const [secret, previous] = await Promise.all([read('current'), readPrevious()]);
      loaded = accept(secret, previous);
    },

    async refresh() {
      await fly(async () => ((await unchanged()) ? current() : publish(await read('current'))));
    },

    async refreshIfStale(seenVersion) {
      const known = current();
      if (known.version !== seenVersion) return known;
      if (flight) return flight;
      if (clock.now() < coolUntil) return known;
      // Armed by the attempt and not by its success, so that an outage is not made worse.
      coolUntil = clock.now() + cooldown;
      return fly(async () => publish(await read('current')));
    },

    onRotated(listener) {
      listeners.add(listener);
    },

    status: () => ({ id, name, version: loaded?.version, lastFailure }),
  };
}
