/** A clock that moves only when a test advances it. */
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../src/clock.ts';

export interface FakeClock extends Clock {
  /** Advances time and runs due tasks in order; promises settle in between. */
  advance(milliseconds: number): Promise<void>;
  /** Milliseconds until the next task is due; Infinity when none is scheduled. */
  untilNext(): number;
}

export function createFakeClock({ wall = Date.UTC(2026, 0, 1) } = {}): FakeClock {
  let now = 0;
  const timers = new Set<{ at: number; task: () => void }>();

  const schedule = (milliseconds: number, task: () => void) => {
    const timer = { at: now + milliseconds, task };
    timers.add(timer);
    return () => void timers.delete(timer);
  };

  return {
    now: () => now,
    wall: () => wall + now,
    schedule,
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const cancel = schedule(milliseconds, resolve);
        signal?.addEventListener('abort', () => {
          cancel();
          reject(signal.reason);
        });
      }),
    untilNext: () => Math.max(Math.min(...[...timers].map(({ at }) => at)) - now, 0),
    async advance(milliseconds) {
      const until = now + milliseconds;
      await turn();
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
        if (!next) break;
        timers.delete(next);
        now = Math.max(now, next.at);
        next.task();
        await turn();
      }
      now = until;
      await turn();
    },
  };
}
