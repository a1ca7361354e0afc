/** One call to a backend, for as long as it may take. */
import type { Clock } from '../clock.ts';

/** @throws what the call throws when its signal fires after `limit` milliseconds */
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
