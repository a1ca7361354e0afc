/** Runs an operation with a secret and, when the secret was refused, again with the one that replaced it. */
import type { Clock } from '../clock.ts';
import type { LiveSecret, Loaded } from './live-secret.ts';

export interface FreshSecretOptions<T> {
  secret: LiveSecret<T>;
  clock: Clock;
  /** Whether an error says that the secret was refused. */
  isRefusal: (error: unknown) => boolean;
  /** Milliseconds to wait for a backend that does not answer whether there is another one. Default 20,000. */
  patience?: number;
  /** Milliseconds in which one may come that the backend did not have yet. Default 7000: longer than a cooldown. */
  settling?: number;
}

/** Milliseconds between two questions that are answered from memory. */
const PAUSE = 500;

/**
 * The version is captured before the operation, so that a refusal is held against the version that was used
 * and not against one that came meanwhile. `operation` must be safe to repeat after a refusal.
 * @throws what the operation threw, when the backend has no other version, or none came in time
 */
export async function withFreshSecret<T, R>(
  { secret, clock, isRefusal, patience = 20_000, settling = 7_000 }: FreshSecretOptions<T>,
  operation: (loaded: Loaded<T>) => Promise<R>,
): Promise<R> {
  const started = clock.now();
  for (let used = secret.current(); ; ) {
    try {
      return await operation(used);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const refused = used.version;
      // Whoever revokes a credential by hand does so before the next one is written.
      const isWorthIt = () => clock.now() - started < (secret.isConfirmed(refused) ? settling : patience);
      const fresh = await awaitAnother({ secret, clock }, refused, isWorthIt);
      if (!fresh) throw error;
      used = fresh;
    }
  }
}

/** Another version than the refused one; nothing when none has come for as long as it is worth the wait. */
async function awaitAnother<T>(
  { secret, clock }: Pick<FreshSecretOptions<T>, 'secret' | 'clock'>,
  refused: string,
  isWorthIt: () => boolean,
): Promise<Loaded<T> | undefined> {
  do {
    const fresh = await secret.refreshIfStale(refused);
    if (fresh.version !== refused) return fresh;
    if (secret.isConfirmed(refused)) await clock.sleep(PAUSE);
  } while (isWorthIt());
  return undefined;
}
