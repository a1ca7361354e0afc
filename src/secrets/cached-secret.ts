/** One secret that is read on demand: kept in memory, served stale while the backend fails, written in order. */
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Clock } from '../clock.ts';
import { withinTime } from '../deadline.ts';
import { SecretError, type SecretErrorCode } from '../errors.ts';
import { createFreshness } from './freshness.ts';
import { createLastGood, type Loaded, type Refreshed } from './last-good.ts';
import { parseSecret, requireText } from './parse-secret.ts';
import { createSecret, type SecretProvider, type WriteOptions } from './provider.ts';

/** Describes a secret without its value. */
export interface CachedStatus {
  name: string;
  version: string | undefined;
  createdAt: Date | undefined;
  /** Milliseconds until the secret expires, where it does. */
  expiresIn: number | undefined;
  /** Milliseconds since the backend last confirmed it, or that it is missing. */
  age: number;
  /** Why the last read failed; undefined after a success. */
  lastFailure: SecretErrorCode | undefined;
}

export interface CachedSecret {
  readonly name: string;
  /**
   * Returns the text if the backend confirmed it within `maxAge` milliseconds; else reads it. 0 always reads it, past an
   * open breaker. While the backend fails, an older text is served within the bounds of a live secret: until 30 minutes
   * past `maxAge`, and until 5 minutes after a second refusal. That it is missing is kept for 5 seconds.
   * @throws SecretError; `not-found` also for a placeholder
   */
  read(maxAge: number): Promise<Loaded<string>>;
  /** See `RefreshableSecret`. @throws SecretError where this process has emptied the secret */
  refreshIfStale(seenVersion: string): Promise<Refreshed<string>>;
  /** @returns the version, which is what later reads get. @throws SecretError */
  write(text: string, options: Pick<WriteOptions, 'expected'>): Promise<string>;
  /** Whether a read or a write is under way. */
  isBusy(): boolean;
  /** Undefined before anything is known. */
  status(): CachedStatus | undefined;
}

export interface CachedSecretOptions {
  /** Behind a breaker. */
  provider: SecretProvider;
  getWriter: () => Promise<SecretProvider>;
  /** A version of another shape does not replace a good one. Default: any text that is no placeholder. */
  schema?: z.ZodType | undefined;
  clock: Clock;
  logger: Logger;
  /** Uniform in [0, 1). */
  random: () => number;
}

/** Milliseconds for which a value counts as fresh by default. */
export const TTL = 300_000;
/** Milliseconds for which a missing secret is not read again: it may be about to be created. */
const MISS_TTL = 5_000;
/** Milliseconds within which calls count as simultaneous. */
const SAME_MOMENT = 10;
/** Milliseconds that one read may take, and one write. */
const READ_TIMEOUT = 3_000;
const WRITE_TIMEOUT = 10_000;

export function createCachedSecret(
  name: string,
  { provider, getWriter, schema, clock, logger, random }: CachedSecretOptions,
): CachedSecret {
  const readValue = (urgent: boolean) =>
    withinTime(READ_TIMEOUT, clock, (signal) => provider.read(name, { urgent, signal }));
  const freshness = createFreshness({ clock, ttl: TTL, random });
  const lastGood = createLastGood<string>({
    id: name,
    readUrgently: () => readValue(true),
    parse(secret) {
      if (schema) parseSecret(schema, secret);
      return requireText(secret);
    },
    freshness,
    clock,
    logger,
  });
  let missed: { at: number; error: SecretError } | undefined;
  let retryAt = Number.NEGATIVE_INFINITY;
  /** Writes that failed and may have replaced the value nevertheless; and how many of them a read has followed. */
  let doubts = 0;
  let settledDoubts = 0;
  let writes = 0;
  let lastWrite: Promise<unknown> = Promise.resolve();

  const stale = (maxAge: number) => (maxAge > 0 && freshness.usable(maxAge) ? lastGood.loaded() : undefined);

  /** What can be served without a read. @throws SecretError `not-found` */
  const inMemory = (maxAge: number): Loaded<string> | undefined => {
    const loaded = lastGood.loaded();
    const isFresh = settledDoubts === doubts && freshness.age() < maxAge && !freshness.revoked();
    if (loaded && isFresh) return loaded;
    const older = stale(maxAge);
    // After a failure the next read waits, as that of a live secret does.
    if (older) return clock.now() < retryAt ? older : undefined;
    if (missed && clock.now() - missed.at < Math.min(maxAge, MISS_TTL)) throw missed.error;
    return undefined;
  };

  const refresh = async (urgent: boolean) => {
    const doubtsBefore = doubts;
    const outcome = await lastGood.refresh(() => readValue(urgent));
    const { began, error } = outcome;
    missed = error?.code === 'not-found' ? { at: began, error } : undefined;
    retryAt = error ? clock.now() + freshness.nextRefresh() : Number.NEGATIVE_INFINITY;
    if (!error) settledDoubts = Math.max(settledDoubts, doubtsBefore);
    return outcome;
  };

  const read = async (maxAge: number): Promise<Loaded<string>> => {
    const kept = inMemory(maxAge);
    if (kept) return kept;
    const urgent = maxAge <= 0;
    const since = lastGood.refreshingSince();
    // A read that began earlier may bring back what the caller has just found to be outdated.
    const isTooEarly = since !== undefined && clock.now() - since > Math.max(maxAge, SAME_MOMENT);
    if (isTooEarly) await refresh(urgent);
    const { loaded, error } = await refresh(urgent);
    const answer = loaded ?? stale(maxAge);
    if (!answer) throw error;
    return answer;
  };

  const write = async (text: string, { expected }: Pick<WriteOptions, 'expected'>): Promise<string> => {
    const writer = await getWriter();
    if (!writer.write) throw cannotWrite(writer.name);
    const { write: put } = writer;
    const began = clock.now();
    let version: string;
    try {
      version = await withinTime(WRITE_TIMEOUT, clock, (signal) => put(name, text, { expected, signal }));
      settledDoubts = doubts;
    } catch (error) {
      doubts += 1;
      throw error;
    } finally {
      // Whether the write succeeded or not, a read that began before it is of no use.
      lastGood.invalidate();
      missed = undefined;
    }
    try {
      const createdAt = new Date(clock.wall());
      lastGood.set(createSecret({ name, value: text, version, createdAt }), { began });
    } catch {
      // A placeholder, or of another shape: the next read says so.
      lastGood.clear();
    }
    return version;
  };

  return {
    name,
    read,

    async refreshIfStale(seenVersion) {
      if (!lastGood.loaded()) await read(0);
      return lastGood.refreshIfStale(seenVersion);
    },

    write(text, options) {
      writes += 1;
      const done = lastWrite
        .then(() => write(text, options))
        .finally(() => {
          writes -= 1;
        });
      lastWrite = done.catch(() => {});
      return done;
    },

    isBusy: () => writes > 0 || lastGood.refreshingSince() !== undefined,

    status() {
      const loaded = lastGood.loaded();
      if (!loaded && !missed) return undefined;
      return {
        name,
        version: loaded?.version,
        createdAt: loaded?.createdAt,
        expiresIn: loaded?.expiresAt && loaded.expiresAt.getTime() - clock.wall(),
        age: loaded || !missed ? freshness.age() : clock.now() - missed.at,
        lastFailure: freshness.lastFailure(),
      };
    },
  };
}

const cannotWrite = (provider: string) =>
  new SecretError('invalid', `The provider ${provider} cannot write`, {
    remedy: 'Write where the secrets come from, or choose a provider that can write.',
  });
