/** A clock that advances to its next timer whenever nothing else is pending: hours pass in the time that I/O takes. */
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../src/clock.ts';

/** Pending work that takes real time. */
export interface Work {
  /** Calls of a provider that have not settled. */
  inFlight(): number;
  /** Requests that wait for an answer that never comes. */
  held(): number;
}

/** Milliseconds of silence after which calls that share one held request are considered to be waiting for it. */
const SILENCE = 25;

export type DrivenClock = ReturnType<typeof createDrivenClock>;

export function createDrivenClock(work: Work) {
  const wallAtStart = Date.now();
  const timers = new Set<{ at: number; task: () => void }>();
  let now = 0;

  const schedule = (milliseconds: number, task: () => void) => {
    const timer = { at: now + Math.max(milliseconds, 0), task };
    timers.add(timer);
    return () => void timers.delete(timer);
  };

  const clock: Clock = {
    now: () => now,
    wall: () => wallAtStart + now,
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
  };

  /** Resolves when only the clock can make progress. */
  const settle = async () => {
    let heldSince = Number.POSITIVE_INFINITY;
    for (;;) {
      for (let turns = 0; turns < 10; turns += 1) await turn();
      const [inFlight, held] = [work.inFlight(), work.held()];
      if (inFlight === 0 || held >= inFlight) return;
      heldSince = held > 0 ? Math.min(heldSince, performance.now()) : Number.POSITIVE_INFINITY;
      if (performance.now() - heldSince > SILENCE) return;
    }
  };

  /** Advances to the next timer within the remaining time, and runs it. */
  const step = (until: number): boolean => {
    const [next] = [...timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
    if (!next) return false;
    timers.delete(next);
    now = Math.max(now, next.at);
    next.task();
    return true;
  };

  return {
    clock,

    /** Advances by `milliseconds`. `onStep` is called whenever something may have changed. */
    async advance(milliseconds: number, onStep: () => void = () => {}) {
      const until = now + milliseconds;
      do {
        await settle();
        onStep();
      } while (step(until));
      now = until;
    },

    /** Advances as far as the work needs. */
    async run<T>(promise: Promise<T>): Promise<T> {
      let settled = false;
      const done = promise.finally(() => {
        settled = true;
      });
      done.catch(() => {});
      for (;;) {
        await settle();
        if (settled) return done;
        step(Number.POSITIVE_INFINITY);
      }
    },
  };
}
