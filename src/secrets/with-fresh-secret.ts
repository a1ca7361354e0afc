/** Runs an operation with a secret and, when the secret is refused, again with the one that replaced it. */
import type { Clock } from '../clock.ts';
import { untilAborted, withinTime } from '../deadline.ts';
import type { Loaded, Refreshed } from './last-good.ts';

/** A secret that a server may refuse: a live one, or one that is read on demand. */
export interface RefreshableSecret<T> {
  /** The version to use. @throws SecretError when none may be used */
  current(): Loaded<T> | Promise<Loaded<T>>;
  /**
   * For a caller whose version was refused. Returns any other version at once. Otherwise reads the value past an open
   * breaker: one read for all callers, at most once per cooldown. A caller waits for the end of the cooldown, unless
   * the backend has just confirmed that version. The same version back means that nothing changed or that the
   * backend did not answer. Never throws.
   */
  refreshIfStale(seenVersion: string): Promise<Refreshed<T>>;
}

export interface FreshSecretOptions<T> {
  secret: RefreshableSecret<T>;
  clock: Clock;
  /** Whether an error means that the secret was refused. */
  isRefusal: (error: unknown) => boolean;
  /** Milliseconds to wait while the backend does not say whether a newer version exists. Default 20,000. */
  patience?: number;
  /** Milliseconds to wait for a version that the backend does not have yet. Default 7000: longer than a cooldown. */
  settling?: number;
  /** When the request began, on the clock: its operations share one budget. Default now. */
  since?: number;
}

/** Milliseconds between two attempts that are answered from memory. */
const PAUSE = 500;
/** Milliseconds that a request may wait for credentials in all. */
const BUDGET = 25_000;

/**
 * The version is captured before the operation, so that a refusal counts against the version that was used and not
 * against a newer one. `operation` must be safe to repeat after a refusal.
 * @throws what the operation threw, when the backend has no other version, or none came in time
 */
export async function withFreshSecret<T, R>(
  { secret, clock, isRefusal, patience = 20_000, settling = 7_000, since }: FreshSecretOptions<T>,
  operation: (loaded: Loaded<T>) => Promise<R>,
): Promise<R> {
  const started = since ?? clock.now();
  for (let used = await secret.current(); ; ) {
    try {
      return await operation(used);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      // A credential that is replaced by hand is revoked before the next one is written.
      const isWorthIt = (confirmed: boolean) => clock.now() - started < (confirmed ? settling : patience);
      const search = () => awaitAnother({ secret, clock }, used.version, isWorthIt);
      const fresh = await withinTime(started + BUDGET - clock.now(), clock, (signal) =>
        untilAborted(search(), signal),
      ).catch(() => undefined);
      if (!fresh) throw error;
      used = fresh;
    }
  }
}

/** Another version than the refused one; undefined when none came while the wait was worth it. */
async function awaitAnother<T>(
  { secret, clock }: Pick<FreshSecretOptions<T>, 'secret' | 'clock'>,
  refused: string,
  isWorthIt: (confirmed: boolean) => boolean,
): Promise<Loaded<T> | undefined> {
  for (;;) {
    const { loaded, confirmed } = await secret.refreshIfStale(refused);
    if (loaded.version !== refused) return loaded;
    if (confirmed) await clock.sleep(PAUSE);
    if (!isWorthIt(confirmed)) return undefined;
  }
}
