/** Whether the process can do its work: not stopping, and the database answers with the credentials in use. */

import type { Database } from './clients/database.ts';
import type { Clock } from './clock.ts';
import type { Readiness } from './routes/health.ts';

/** Milliseconds after which a database that says nothing counts as not answering. */
const PATIENCE = 1_000;

export function createReadiness({ database, clock }: { database: Database; clock: Clock }) {
  let stopping = false;
  let checking: Promise<string[]> | undefined;

  const databaseAnswers = async (): Promise<boolean> => {
    const done = new AbortController();
    const answer = database.query('SELECT 1 FROM users LIMIT 1').then(
      () => true,
      () => false,
    );
    const silence = clock.sleep(PATIENCE, done.signal).then(
      () => false,
      () => false,
    );
    return Promise.race([answer, silence]).finally(() => done.abort());
  };

  const readiness: Readiness = {
    check() {
      if (stopping) return Promise.resolve(['process']);
      // However many ask at once, one question goes to the database.
      checking ??= databaseAnswers()
        .then((answers) => (answers ? [] : ['database']))
        .finally(() => {
          checking = undefined;
        });
      return checking;
    },
  };

  return {
    ...readiness,
    /** From now on the process is not ready. */
    stop() {
      stopping = true;
    },
  };
}
