/** A secret that stays up to date while the process runs: loaded at startup, refreshed by a timer of the store. */
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Clock } from '../clock.ts';
import { withinTime } from '../deadline.ts';
import { asSecretError, SecretError, type SecretErrorCode } from '../errors.ts';
import { createFreshness, type FreshnessOptions } from './freshness.ts';
import { createLastGood, type Loaded } from './last-good.ts';
import { createLeaseKeeper } from './lease.ts';
import { parseSecret } from './parse-secret.ts';
import type { ReadOptions, Secret, SecretProvider, Stage } from './provider.ts';
import type { RefreshableSecret } from './with-fresh-secret.ts';

export type { Loaded };

export interface SecretDefinition<T> {
  id: string;
  /** The backend's name. */
  name: string;
  schema: z.ZodType<T>;
  /** For backends that may store one secret per field. */
  fields: readonly string[];
  /** Also loads the version before the current one, where the backend keeps it. Default false. */
  history?: boolean;
}

/** What clients see of a live secret. */
export interface LiveSecret<T> extends RefreshableSecret<T> {
  readonly id: string;
  readonly name: string;
  /**
   * The last good version, without I/O.
   * @throws Error before it is loaded; SecretError when it must not be used: revoked, or past the end of its lease
   */
  current(): Loaded<T>;
  /**
   * Checks the version, and reads the value only if that changed. Renews the lease instead, where there is one.
   * Never throws.
   * @param options.urgent goes past an open breaker. Default false
   */
  refresh(options?: { urgent?: boolean }): Promise<void>;
  /** Whether the backend refused it twice and the grace is over. Unlike the end of a lease, another read changes nothing. */
  isRevoked(): boolean;
  /**
   * Milliseconds for which every refresh has succeeded, up to the last one. Counted from `since`, or from the first
   * success after the last failure if that is later.
   */
  confirmedFor(since: number): number;
  /** Reads another stage. Undefined where it is missing or cannot be read. Not kept. Never throws. */
  readStage(stage: Exclude<Stage, 'current'>): Promise<Loaded<T> | undefined>;
  /** Calls `listener` with each version that replaces another, after validation. */
  onRotated(listener: (loaded: Loaded<T>) => void): void;
  /** Revokes the lease of a version that is no longer used, if it has one. Never throws. */
  release(loaded: Loaded<T>): Promise<void>;
}

/** Describes a secret without its value. */
export interface SecretStatus {
  id: string;
  name: string;
  version: string | undefined;
  /** When that version was made, where the backend says. */
  createdAt: Date | undefined;
  usable: boolean;
  /** Milliseconds since the backend last confirmed it. */
  age: number;
  lastFailure: SecretErrorCode | undefined;
  /** Milliseconds until the secret expires, where it does. */
  expiresIn: number | undefined;
  /** Milliseconds until its lease ends unless renewed, where it has one. */
  leaseEndsIn: number | undefined;
  /** How often another version came into use. */
  rotations: number;
  /** How often it was used while the backend could not confirm it. */
  servedStale: number;
}

/** What only the store sees of a live secret. */
export interface ManagedSecret<T> extends LiveSecret<T> {
  /** Makes one attempt to load it, of at most `timeout` milliseconds. @throws SecretError */
  load(timeout?: number): Promise<void>;
  /** Milliseconds until the next refresh is due. */
  nextRefresh(): number;
  /** Abandons the refresh under way and ends the cooldown: the secret has just been written. */
  invalidate(): void;
  status(): SecretStatus;
}

export interface LiveSecretOptions extends FreshnessOptions {
  /** Behind a breaker. */
  provider: SecretProvider;
  clock: Clock;
  logger: Logger;
  /** Milliseconds between two reads that refusals force. Default 5000. */
  cooldown?: number;
  /** Milliseconds that one attempt may take. Default 3000. */
  attemptTimeout?: number;
}

export function createLiveSecret<T>(
  { id, name, schema, fields, history = false }: SecretDefinition<T>,
  { provider, cooldown, attemptTimeout = 3_000, ...options }: LiveSecretOptions,
): ManagedSecret<T> {
  const { clock, logger } = options;
  const layout = { prefix: id, fields };
  const listeners = new Set<(loaded: Loaded<T>) => void>();
  let servedStale = 0;

  const attempt = <R>(call: (signal: AbortSignal) => Promise<R>, limit = attemptTimeout): Promise<R> =>
    withinTime(limit, clock, call);

  const read = (options: Pick<ReadOptions, 'stage' | 'urgent'>, limit?: number): Promise<Secret> =>
    attempt((signal) => provider.read(name, { ...options, layout, signal }), limit);

  const readIfChanged = async (urgent: boolean, isCurrent: () => boolean): Promise<Secret | undefined> => {
    const { version } = provider;
    if (!version) return read({ urgent });
    const newest = await attempt((signal) => version(name, { urgent, layout, signal }));
    return newest !== known().version && isCurrent() ? read({ urgent }) : undefined;
  };

  const freshness = createFreshness(options);
  const leases = createLeaseKeeper({ provider, attempt, clock, logger, random: options.random });
  const lastGood = createLastGood<T>({
    id,
    readUrgently: () => read({ urgent: true }),
    parse: (secret) => parseSecret(schema, secret),
    onRotated(loaded) {
      leases.keep(loaded.lease);
      for (const listener of listeners) listener(loaded);
    },
    freshness,
    clock,
    logger,
    cooldown,
  });
  const { known } = lastGood;

  /** The value before the current one; undefined where there is none. @throws SecretError that is temporary */
  const readPrevious = async (limit: number): Promise<T | undefined> => {
    if (!history) return undefined;
    try {
      return parseSecret(schema, await read({ stage: 'previous', urgent: true }, limit));
    } catch (error) {
      if (!(error instanceof SecretError) || error.retryable) throw error;
      if (error.code !== 'not-found')
        logger.warn({ secret: id, err: error }, 'the previous version cannot be used');
      return undefined;
    }
  };

  // Leases end with the login that they were made under.
  provider.onLogin?.(() => {
    if (lastGood.loaded()?.lease) void lastGood.refresh(() => read({}));
  });

  return {
    id,
    name,

    current() {
      const loaded = known();
      // An outage is no reason to refuse what still works: it only ends the readiness.
      if (freshness.revoked() || leases.hasEnded())
        throw new SecretError('unavailable', `${name} was revoked or has ended`, {
          remedy: 'See the log for the reason that the backend gives; the service recovers by itself.',
        });
      if (freshness.lastFailure() !== undefined) servedStale += 1;
      return loaded;
    },

    async load(timeout = attemptTimeout) {
      const limit = Math.max(Math.min(timeout, attemptTimeout), 1);
      const current = read({ stage: 'current', urgent: true }, limit);
      const [secret, previous] = await Promise.all([current, readPrevious(limit)]);
      leases.keep(lastGood.set(secret, { previous }).lease);
    },

    async refresh({ urgent = false } = {}) {
      if (!known().lease) await lastGood.refresh((isCurrent) => readIfChanged(urgent, isCurrent));
      else if (await leases.renew()) freshness.succeeded();
      else await lastGood.refresh(() => read({ urgent }));
    },

    refreshIfStale: lastGood.refreshIfStale,
    isRevoked: freshness.revoked,
    confirmedFor: (since) => clock.now() - freshness.age() - Math.max(since, freshness.steadyFrom()),

    async readStage(stage) {
      try {
        return lastGood.accept(await read({ stage, urgent: true }));
      } catch (cause) {
        const error = asSecretError(cause);
        if (error.code !== 'not-found')
          logger.warn({ secret: id, stage, err: error }, 'this stage of the secret cannot be read');
        return undefined;
      }
    },

    nextRefresh: () => leases.nextRenewal(freshness.lastFailure() !== undefined) ?? freshness.nextRefresh(),

    invalidate: lastGood.invalidate,

    onRotated(listener) {
      listeners.add(listener);
    },

    release: ({ lease }) => leases.revoke(lease),

    status() {
      const loaded = lastGood.loaded();
      return {
        id,
        name,
        version: loaded?.version,
        createdAt: loaded?.createdAt,
        usable: loaded !== undefined && freshness.usable() && !leases.hasEnded(),
        age: freshness.age(),
        lastFailure: freshness.lastFailure(),
        expiresIn: loaded?.expiresAt && loaded.expiresAt.getTime() - clock.wall(),
        leaseEndsIn: leases.endsIn(),
        rotations: lastGood.rotations(),
        servedStale,
      };
    },
  };
}
