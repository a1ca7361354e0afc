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
}

/**
 * The version is captured before the operation, so that a refusal is held against the version that was used
 * and not against one that came meanwhile. `operation` must be safe to repeat after a refusal.
 * @throws what the operation threw, when the backend has no other version, or none came in time
 */
export async function withFreshSecret<T, R>(
  { secret, clock, isRefusal, patience = 20_000 }: FreshSecretOptions<T>,
  operation: (loaded: Loaded<T>) => Promise<R>,
): Promise<R> {
  const deadline = clock.now() + patience;
  for (let used = secret.current(); ; ) {
    try {
      return await operation(used);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const fresh = await awaitAnother(secret, used.version, () => clock.now() >= deadline);
      if (!fresh) throw error;
      used = fresh;
    }
  }
}

/** Another version than the refused one; nothing when the backend says that there is none, or it is too late. */
async function awaitAnother<T>(
  secret: LiveSecret<T>,
  refused: string,
  isTooLate: () => boolean,
): Promise<Loaded<T> | undefined> {
  while (!isTooLate()) {
    const fresh = await secret.refreshIfStale(refused);
    if (fresh.version !== refused) return fresh;
    if (secret.isConfirmed(refused)) return undefined;
  }
  return undefined;
}
