/** Brings connections back after a failure to connect: one recovery at a time, and every caller waits for that one. */
import type { Clock } from '../../clock.ts';
import { canSecretHelp, DatabaseUnavailable, isConnectFailure, isRefused } from './errors.ts';
import type { Generation } from './pool.ts';
import type { Generations } from './switchover.ts';

export interface Recovery {
  /** Starts the recovery unless it runs. `failed` could not connect, because of `reason`. */
  start(failed: Generation, reason: unknown): void;
  isRunning(): boolean;
  /**
   * Resolves when another attempt to connect makes sense: the recovery has ended, or a connection became free.
   * @throws DatabaseUnavailable at the deadline, or at once when too many callers wait; the last error of a recovery
   * that gives up
   */
  wait(deadline: number): Promise<void>;
  /** A caller has returned a connection that works: one that waits may take it. */
  freed(): void;
  /** How many callers wait. */
  waiting(): number;
  /** Makes no further attempt. */
  close(): void;
}

export interface RecoveryOptions {
  generations: Generations;
  clock: Clock;
  /** Milliseconds until the recovery gives up. */
  budget: number;
  /** Callers that may wait at the same time. */
  maxWaiting: number;
}

/** Milliseconds between two attempts to connect: of a server that is away, and of a refused login. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 1_000;

export function createRecovery({ generations, clock, budget, maxWaiting }: RecoveryOptions): Recovery {
  /** In the order in which they came. */
  const waiting = new Set<PromiseWithResolvers<void>>();
  let running = false;
  let closed = false;
  let latest: unknown;

  const recover = async (failed: Generation): Promise<void> => {
    const started = clock.now();
    for (let backoff = FIRST_PAUSE; ; backoff = Math.min(backoff * 2, LONGEST_PAUSE)) {
      const replaced = canSecretHelp(latest)
        ? generations.replace(failed, { otherStages: isRefused(latest) })
        : Promise.resolve(false);
      // The server may be back before the backend has answered.
      const pause = clock.sleep(isRefused(latest) ? LONGEST_PAUSE : backoff).then(() => false);
      if (await Promise.race([replaced, pause])) return;
      await pause;
      if (closed || generations.active() !== failed) return;
      try {
        return await failed.prove();
      } catch (error) {
        // Connected, and the statement failed: that is for its caller.
        if (generations.active() !== failed || !isConnectFailure(error)) return;
        latest = error;
        if (clock.now() - started >= budget) throw error;
      }
    }
  };

  const end = (settle: (caller: PromiseWithResolvers<void>) => void) => {
    running = false;
    const callers = [...waiting];
    waiting.clear();
    for (const caller of callers) settle(caller);
  };

  return {
    start(failed, reason) {
      if (running) return;
      running = true;
      latest = reason;
      recover(failed).then(
        () => end(({ resolve }) => resolve()),
        (error) => end(({ reject }) => reject(error)),
      );
    },

    isRunning: () => running,

    async wait(deadline) {
      if (waiting.size >= maxWaiting)
        throw new DatabaseUnavailable('Too many requests wait for the database.', { cause: latest });
      const caller = Promise.withResolvers<void>();
      waiting.add(caller);
      const cancel = clock.schedule(Math.max(deadline - clock.now(), 0), () => {
        waiting.delete(caller);
        caller.reject(new DatabaseUnavailable('No database connection in time.', { cause: latest }));
      });
      await caller.promise.finally(cancel);
    },

    freed() {
      const [first] = waiting;
      if (!first) return;
      waiting.delete(first);
      first.resolve();
    },

    waiting: () => waiting.size,

    close() {
      closed = true;
    },
  };
}
