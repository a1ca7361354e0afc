/** The last good version of one secret, and how another replaces it: one refresh at a time, forced reads seldom. */
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { asSecretError, type SecretError } from '../errors.ts';
import type { Freshness } from './freshness.ts';
import type { Lease, Secret } from './provider.ts';
import { createSingleFlight } from './single-flight.ts';

/** A version that passed validation. */
export interface Loaded<T> {
  readonly value: T;
  readonly version: string;
  readonly createdAt: Date | undefined;
  readonly expiresAt: Date | undefined;
  /** When this process got it, on the monotonic clock. */
  readonly loadedAt: number;
  /** The value before this one, if it is known. */
  readonly previous: T | undefined;
  readonly lease: Lease | undefined;
}

/** The answer to a caller whose version was refused. */
export interface Refreshed<T> {
  readonly loaded: Loaded<T>;
  /** Whether the backend said, after a refusal and within the cooldown, that no newer version exists. */
  readonly confirmed: boolean;
}

/** How a refresh ended that began at a time on the monotonic clock. */
export type Outcome<T> =
  | { readonly began: number; readonly loaded: Loaded<T>; readonly error?: undefined }
  | { readonly began: number; readonly loaded?: undefined; readonly error: SecretError };

/** Reads the current value; undefined if it has not changed. `isCurrent` turns false when the refresh was abandoned. */
export type Read = (isCurrent: () => boolean) => Promise<Secret | undefined>;

export interface LastGood<T> {
  loaded(): Loaded<T> | undefined;
  /** @throws Error before the first version */
  known(): Loaded<T>;
  /** Validates a secret without keeping it. @throws SecretError `invalid` */
  accept(secret: Secret): Loaded<T>;
  /**
   * Makes a secret the current version, confirmed at `began`, which is now by default.
   * @throws SecretError `invalid`, `not-found` for a placeholder
   */
  set(secret: Secret, options?: { previous?: T | undefined; began?: number }): Loaded<T>;
  /** Forgets the version. */
  clear(): void;
  /**
   * Joins the refresh under way, or starts one. A failure is recorded and evicts nothing. The result of an abandoned
   * refresh is returned and not kept. Never throws.
   */
  refresh(read: Read): Promise<Outcome<T>>;
  /** See `RefreshableSecret` in with-fresh-secret.ts. */
  refreshIfStale(seenVersion: string): Promise<Refreshed<T>>;
  /** When the refresh under way began; undefined where none is. */
  refreshingSince(): number | undefined;
  /** Abandons the refresh under way and ends the cooldown: the secret has just been written. */
  invalidate(): void;
  /** How often another version replaced the current one. */
  rotations(): number;
}

export interface LastGoodOptions<T> {
  /** For logs. */
  id: string;
  /** Reads the value past an open breaker: a refused credential means that the secret has changed. */
  readUrgently: () => Promise<Secret>;
  /** @throws SecretError `invalid` */
  parse: (secret: Secret) => T;
  /** Called with each version that replaces another. */
  onRotated?: (loaded: Loaded<T>) => void;
  freshness: Freshness;
  clock: Clock;
  logger: Logger;
  /** Milliseconds between two reads that refusals force. Default 5000. */
  cooldown?: number | undefined;
}

export function createLastGood<T>({
  id,
  readUrgently,
  parse,
  onRotated = () => {},
  freshness,
  clock,
  logger,
  cooldown = 5_000,
}: LastGoodOptions<T>): LastGood<T> {
  const flights = createSingleFlight<Outcome<T>>();
  let flightBegan = Number.NEGATIVE_INFINITY;
  let loaded: Loaded<T> | undefined;
  let coolUntil = Number.NEGATIVE_INFINITY;
  /** The version that the backend confirmed, after a refusal, to be the newest. */
  let confirmed: string | undefined;
  let rotations = 0;

  const known = (): Loaded<T> => {
    if (!loaded) throw new Error(`The secret ${id} is used before the store has loaded it.`);
    return loaded;
  };

  const accept = (secret: Secret, previous?: T): Loaded<T> => ({
    value: parse(secret),
    version: secret.version,
    createdAt: secret.createdAt,
    expiresAt: secret.expiresAt,
    loadedAt: clock.now(),
    previous,
    lease: secret.lease,
  });

  const publish = (next: Loaded<T>) => {
    const before = loaded;
    loaded = next;
    if (!before || before.version === next.version) return;
    rotations += 1;
    logger.info({ secret: id, version: next.version }, 'secret rotated');
    onRotated(next);
  };

  const refresh = (read: Read): Promise<Outcome<T>> =>
    flights.join(async (isCurrent) => {
      const began = clock.now();
      flightBegan = began;
      try {
        const secret = await read(isCurrent);
        const isSame = !secret || secret.version === loaded?.version;
        const next = isSame ? known() : accept(secret, loaded?.value);
        if (isCurrent()) {
          publish(next);
          freshness.succeeded(began);
        }
        return { began, loaded: next };
      } catch (cause) {
        const error = asSecretError(cause);
        if (isCurrent()) freshness.failed(error);
        if (loaded)
          logger.warn({ secret: id, err: error }, 'secret not refreshed; the last good version stays in use');
        return { began, error };
      }
    });

  const isConfirmed = (version: string) =>
    confirmed === version && known().version === version && clock.now() < coolUntil;

  /** The attempt starts the cooldown, and not its success, so that an outage is not made worse. */
  const forceRead = async (refused: string): Promise<void> => {
    if (clock.now() < coolUntil) return;
    coolUntil = clock.now() + cooldown;
    await refresh(readUrgently);
    if (known().version === refused && freshness.lastFailure() === undefined) confirmed = refused;
  };

  const replace = async (refused: string): Promise<void> => {
    const isReplaced = () => known().version !== refused;
    // A refresh that began before the refusal may bring back the version that was refused.
    if (!isReplaced() && flights.isFlying()) await refresh(readUrgently);
    if (isReplaced() || isConfirmed(refused)) return;
    // The secret may have rotated twice within the cooldown: worth the wait for a caller that was refused.
    if (!flights.isFlying() && clock.now() < coolUntil) await clock.sleep(coolUntil - clock.now());
    if (isReplaced()) return;
    await (flights.isFlying() ? refresh(readUrgently) : forceRead(refused));
  };

  return {
    loaded: () => loaded,
    known,
    accept: (secret) => accept(secret),

    set(secret, { previous = loaded?.value, began = clock.now() } = {}) {
      publish(accept(secret, previous));
      freshness.succeeded(began);
      return known();
    },

    clear() {
      loaded = undefined;
    },

    refresh,

    async refreshIfStale(seenVersion) {
      await replace(seenVersion);
      return { loaded: known(), confirmed: isConfirmed(seenVersion) };
    },

    refreshingSince: () => (flights.isFlying() ? flightBegan : undefined),

    invalidate() {
      flights.abandon();
      coolUntil = Number.NEGATIVE_INFINITY;
    },

    rotations: () => rotations,
  };
}
