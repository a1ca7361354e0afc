/** Runs an operation with a secret and, when the secret was refused, once more with the one that replaced it. */
import type { LiveSecret, Loaded } from './live-secret.ts';

/**
 * The version is captured before the operation, so that a refusal is held against the version that was used
 * and not against one that came meanwhile. `operation` must be safe to repeat after `isRefusal`.
 * @throws what the operation threw, when no other version came of asking
 */
export async function withFreshSecret<T, R>(
  secret: LiveSecret<T>,
  operation: (loaded: Loaded<T>) => Promise<R>,
  isRefusal: (error: unknown) => boolean,
): Promise<R> {
  const used = secret.current();
  try {
    return await operation(used);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const fresh = await secret.refreshIfStale(used.version);
    if (fresh.version === used.version) throw error;
    return operation(fresh);
  }
}
