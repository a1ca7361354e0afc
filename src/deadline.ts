/** Time limits: an end to waiting, and an end to one call. */
import type { Clock } from './clock.ts';

/**
 * Stops waiting for a promise when the signal aborts. The work itself continues.
 * @throws what the promise rejects with, or the signal's reason
 */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/**
 * Runs one call with a signal that aborts after `limit` milliseconds, with an error whose code is ETIMEDOUT.
 * @throws what the call throws
 */
export async function withinTime<R>(
  limit: number,
  clock: Clock,
  call: (signal: AbortSignal) => Promise<R>,
): Promise<R> {
  const timeout = new AbortController();
  const cancel = clock.schedule(limit, () =>
    timeout.abort(Object.assign(new Error(`No answer within ${limit} ms`), { code: 'ETIMEDOUT' })),
  );
  try {
    return await call(timeout.signal);
  } finally {
    cancel();
  }
}
