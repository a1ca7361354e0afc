/** Whether the process can serve: it is not stopping, every secret is usable, and the database answers. */
import { CANARY } from './clients/database/connection.ts';
import type { Database } from './clients/database/database.ts';
import type { Clock } from './clock.ts';
import { untilAborted, withinTime } from './deadline.ts';
import type { Readiness } from './routes/health.ts';
import type { SecretStore } from './secrets/store.ts';

/** Milliseconds to wait for the database. */
const PATIENCE = 800;

export interface ReadinessOptions {
  database: Database;
  store: Pick<SecretStore, 'status'>;
  clock: Clock;
}

export function createReadiness({ database, store, clock }: ReadinessOptions): Readiness & { stop(): void } {
  let stopping = false;
  let checking: Promise<string[]> | undefined;

  const databaseAnswers = (): Promise<boolean> =>
    withinTime(PATIENCE, clock, (signal) => untilAborted(database.read(CANARY), signal)).then(
      () => true,
      () => false,
    );

  const failing = async (): Promise<string[]> => {
    const unusable = store.status().flatMap(({ id, usable }) => (usable ? [] : [id]));
    return (await databaseAnswers()) ? unusable : [...new Set<string>([...unusable, 'database'])];
  };

  return {
    check() {
      if (stopping) return Promise.resolve(['process']);
      // Concurrent callers share one query.
      checking ??= failing().finally(() => {
        checking = undefined;
      });
      return checking;
    },

    /** Makes the process not ready for good. */
    stop() {
      stopping = true;
    },
  };
}
