/** Time as the code sees it, so that tests can turn it by hand. */
import { setTimeout as delay } from 'node:timers/promises';

/** setTimeout treats anything longer as 1 ms. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

export interface Clock {
  /** Monotonic milliseconds: unmoved by changes of the wall clock. */
  now(): number;
  /** Wall-clock milliseconds since 1970, for comparing with times that a backend states. */
  wall(): number;
  /** Resolves after `milliseconds`; rejects with the signal's reason when it aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** Runs `task` once after `milliseconds`, without keeping the process alive. Returns the cancel. */
  schedule(milliseconds: number, task: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  async sleep(milliseconds, signal) {
    signal?.throwIfAborted();
    await delay(Math.min(milliseconds, LONGEST_TIMEOUT), undefined, signal ? { signal } : {}).catch(
      (error) => {
        throw signal?.aborted ? signal.reason : error;
      },
    );
  },
  schedule(milliseconds, task) {
    const timer = setTimeout(task, Math.min(milliseconds, LONGEST_TIMEOUT));
    timer.unref();
    return () => clearTimeout(timer);
  },
};
