/** Whether the process can do its work: not stopping, every secret usable, and the database answers with its own. */
import { CANARY } from './clients/database/connection.ts';
import type { Database } from './clients/database/database.ts';
import type { Clock } from './clock.ts';
import type { Readiness } from './routes/health.ts';
import type { SecretStore } from './secrets/store.ts';

/** Milliseconds after which a database that says nothing counts as not answering. */
const PATIENCE = 800;

export interface ReadinessOptions {
  database: Database;
  store: Pick<SecretStore, 'status'>;
  clock: Clock;
}

export function createReadiness({ database, store, clock }: ReadinessOptions): Readiness & { stop(): void } {
  let stopping = false;
  let checking: Promise<string[]> | undefined;

  const databaseAnswers = async (): Promise<boolean> => {
    const done = new AbortController();
    const answer = database.read(CANARY).then(
      () => true,
      () => false,
    );
    const silence = clock.sleep(PATIENCE, done.signal).then(
      () => false,
      () => false,
    );
    return Promise.race([answer, silence]).finally(() => done.abort());
  };

  const failing = async (): Promise<string[]> => {
    const unusable = store.status().flatMap(({ id, usable }) => (usable ? [] : [id]));
    return (await databaseAnswers()) ? unusable : [...new Set<string>([...unusable, 'database'])];
  };

  return {
    check() {
      if (stopping) return Promise.resolve(['process']);
      // However many ask at once, one question goes to the database.
      checking ??= failing().finally(() => {
        checking = undefined;
      });
      return checking;
    },

    /** From now on the process is not ready. */
    stop() {
      stopping = true;
    },
  };
}
