/** One secret while the process runs: its last good version, one refresh at a time, news of a rotation. */
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { withinTime } from '../deadline.ts';
import { asSecretError, SecretError, type SecretErrorCode } from '../errors.ts';
import { createFreshness, type FreshnessOptions } from './freshness.ts';
import { createLeaseKeeper } from './lease.ts';
import type { LiveSecret, Loaded, SecretDefinition } from './live-secret.ts';
import { parseSecret } from './parse-secret.ts';
import type { Secret, SecretProvider, Stage } from './provider.ts';
import { createSingleFlight } from './single-flight.ts';

/** Describes a secret without its value. */
export interface SecretStatus {
  id: string;
  name: string;
  version: string | undefined;
  /** When that version was made, where the backend tells. */
  createdAt: Date | undefined;
  usable: boolean;
  /** Milliseconds since the backend last confirmed it. */
  age: number;
  lastFailure: SecretErrorCode | undefined;
  /** Milliseconds until the backend lets it end, where it does. */
  expiresIn: number | undefined;
  /** Milliseconds until its lease ends unless it is renewed, where it has one. */
  leaseEndsIn: number | undefined;
  /** How often another version came into use. */
  rotations: number;
  /** How often it was used while the backend could not confirm it. */
  servedStale: number;
}

/** What the store, and only the store, does with a live secret. */
export interface ManagedSecret<T> extends LiveSecret<T> {
  /** One attempt to load it for the first time, within so many milliseconds at most. @throws SecretError */
  load(timeout?: number): Promise<void>;
  /** Looks whether there is something newer, or prolongs the lease. Never throws. */
  look(): Promise<void>;
  /** Milliseconds until the next look. */
  nextLook(): number;
  /** What was asked before does not count any more: somebody has just written the secret. */
  invalidate(): void;
  status(): SecretStatus;
}

export interface ManagedSecretOptions extends FreshnessOptions {
  /** Asked at startup, and for callers who were refused, however often it fails. */
  provider: SecretProvider;
  /** The same behind a breaker, asked for looks. */
  guarded: SecretProvider;
  clock: Clock;
  logger: Logger;
  /** Milliseconds between two refreshes that callers force. Default 5000. */
  cooldown?: number;
  /** Milliseconds one attempt may take. Default 3000. */
  attemptTimeout?: number;
}

export function createManagedSecret<T>(
  { id, name, schema, fields, history = false }: SecretDefinition<T>,
  { provider, guarded, cooldown = 5_000, attemptTimeout = 3_000, ...options }: ManagedSecretOptions,
): ManagedSecret<T> {
  const { clock, logger } = options;
  const freshness = createFreshness(options);
  const flights = createSingleFlight<Loaded<T>>();
  const listeners = new Set<(loaded: Loaded<T>) => void>();
  const layout = { prefix: id, fields };
  let loaded: Loaded<T> | undefined;
  let coolUntil = Number.NEGATIVE_INFINITY;
  /** The version that the backend has confirmed, after a caller's doubt, to be the newest. */
  let confirmed: string | undefined;
  let rotations = 0;
  let servedStale = 0;

  /** One attempt, for as long as an attempt may take. */
  const attempt = <R>(call: (signal: AbortSignal) => Promise<R>, limit = attemptTimeout): Promise<R> =>
    withinTime(limit, clock, call);

  const read = (from: SecretProvider, stage: Stage, limit?: number) =>
    attempt((signal) => from.read(name, { stage, layout, signal }), limit);
  const leases = createLeaseKeeper({ provider: guarded, attempt, clock, logger, random: options.random });

  const known = (): Loaded<T> => {
    if (!loaded) throw new Error(`The secret ${id} is used before the store has loaded it.`);
    return loaded;
  };

  const accept = (secret: Secret, previous?: T): Loaded<T> => ({
    value: parseSecret(schema, secret),
    version: secret.version,
    createdAt: secret.createdAt,
    expiresAt: secret.expiresAt,
    loadedAt: clock.now(),
    previous,
    lease: secret.lease,
  });

  /** Takes another version into use and tells the listeners. */
  const publish = (secret: Secret): Loaded<T> => {
    const before = known();
    if (secret.version === before.version) return before;
    loaded = accept(secret, before.value);
    leases.keep(loaded.lease);
    rotations += 1;
    logger.info({ secret: id, version: loaded.version }, 'secret rotated');
    for (const listener of listeners) listener(loaded);
    return loaded;
  };

  /** Runs one refresh at a time. A failure is noted and keeps what there is; an abandoned result has no effect. */
  const fly = (fetchNewer: (isCurrent: () => boolean) => Promise<Secret | undefined>): Promise<Loaded<T>> =>
    flights.join(async (isCurrent) => {
      try {
        const secret = await fetchNewer(isCurrent);
        if (!isCurrent()) return known();
        const result = secret ? publish(secret) : known();
        freshness.succeeded();
        return result;
      } catch (cause) {
        const error = asSecretError(cause);
        if (isCurrent()) freshness.failed(error);
        logger.warn({ secret: id, err: error }, 'secret not refreshed; the last good version stays in use');
        return known();
      }
    });

  const fetchValue = (from: SecretProvider) => read(from, 'current');
  /** Past the breaker: a refused credential says that the secret has changed, and nothing else helps its caller. */
  const insist = () => fetchValue(provider);

  /** Armed by the attempt and not by its success, so that an outage is not made worse. */
  const force = async (doubted: string): Promise<Loaded<T>> => {
    if (clock.now() < coolUntil) return known();
    coolUntil = clock.now() + cooldown;
    const newest = await fly(insist);
    if (newest.version === doubted && freshness.lastFailure() === undefined) confirmed = doubted;
    return newest;
  };

  const isConfirmed = (version: string) => confirmed === version && clock.now() < coolUntil;

  const fetchIfChanged = async (
    from: SecretProvider,
    isCurrent: () => boolean,
  ): Promise<Secret | undefined> => {
    const { version } = from;
    if (!version) return fetchValue(from);
    const newest = await attempt((signal) => version(name, { layout, signal }));
    return newest !== known().version && isCurrent() ? fetchValue(from) : undefined;
  };

  /** The value before, or undefined where there is none to be had; a failure that may pass is thrown. */
  const readPrevious = async (limit: number): Promise<T | undefined> => {
    if (!history) return undefined;
    try {
      return parseSecret(schema, await read(provider, 'previous', limit));
    } catch (error) {
      if (!(error instanceof SecretError) || error.retryable) throw error;
      if (error.code !== 'not-found')
        logger.warn({ secret: id, err: error }, 'the previous version cannot be used');
      return undefined;
    }
  };

  guarded.onLogin?.(() => {
    if (loaded?.lease) void fly(() => fetchValue(guarded));
  });

  return {
    id,
    name,

    current() {
      const version = known();
      // An outage is no reason to refuse what still works: it only ends the readiness.
      if (freshness.revoked() || leases.hasEnded())
        throw new SecretError('unavailable', `${name} was taken away or has ended`, {
          remedy: 'See the log for why the backend does not give it; the service recovers by itself.',
        });
      if (freshness.lastFailure() !== undefined) servedStale += 1;
      return version;
    },

    async load(timeout = attemptTimeout) {
      const limit = Math.max(Math.min(timeout, attemptTimeout), 1);
      const [secret, previous] = await Promise.all([read(provider, 'current', limit), readPrevious(limit)]);
      loaded = accept(secret, previous);
      leases.keep(loaded.lease);
      freshness.succeeded();
    },

    async refreshIfStale(seenVersion) {
      const isNews = () => known().version !== seenVersion;
      // One that began before the refusal may bring back just the version that was refused.
      if (!isNews() && flights.isFlying()) await fly(insist);
      if (isNews() || isConfirmed(seenVersion)) return known();
      // It may have rotated twice within the cooldown: worth the wait for whoever was refused.
      if (!flights.isFlying() && clock.now() < coolUntil) await clock.sleep(coolUntil - clock.now());
      if (isNews()) return known();
      return flights.isFlying() ? fly(insist) : force(seenVersion);
    },

    refresh: () =>
      known().lease ? Promise.resolve(known()) : fly((isCurrent) => fetchIfChanged(provider, isCurrent)),

    isConfirmed,
    isRevoked: freshness.revoked,
    confirmedFor: (since) => clock.now() - freshness.age() - Math.max(since, freshness.steadyFrom()),

    async readStage(stage) {
      try {
        return accept(await read(provider, stage));
      } catch (cause) {
        const error = asSecretError(cause);
        if (error.code !== 'not-found')
          logger.warn({ secret: id, stage, err: error }, 'no other stage to be had');
        return undefined;
      }
    },

    async look() {
      if (known().lease && (await leases.prolong())) freshness.succeeded();
      else if (known().lease) await fly(() => fetchValue(guarded));
      else await fly((isCurrent) => fetchIfChanged(guarded, isCurrent));
    },

    nextLook: () => leases.nextLook(freshness.lastFailure() !== undefined) ?? freshness.nextLook(),

    invalidate() {
      flights.abandon();
      coolUntil = Number.NEGATIVE_INFINITY;
    },

    onRotated(listener) {
      listeners.add(listener);
    },

    release: ({ lease }) => leases.giveBack(lease),

    status: () => ({
      id,
      name,
      version: loaded?.version,
      createdAt: loaded?.createdAt,
      usable: loaded !== undefined && freshness.usable() && !leases.hasEnded(),
      age: freshness.age(),
      lastFailure: freshness.lastFailure(),
      expiresIn: loaded?.expiresAt && loaded.expiresAt.getTime() - clock.wall(),
      leaseEndsIn: leases.endsIn(),
      rotations,
      servedStale,
    }),
  };
}
