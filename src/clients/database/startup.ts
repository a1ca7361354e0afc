/** The canary before the service listens: a real login with the loaded secret, retried while that can help. */
import type { Logger } from 'pino';
import type { Clock } from '../../clock.ts';
import { StartupError } from '../../errors.ts';
import type { LiveSecret } from '../../secrets/live-secret.ts';
import type { DatabaseSecret } from '../../secrets/schemas.ts';
import type { Database } from './database.ts';
import { diagnose, placeOf } from './errors.ts';

export interface ProveDatabaseOptions {
  database: Database;
  secret: LiveSecret<DatabaseSecret>;
  clock: Clock;
  logger: Logger;
  /** Milliseconds in which the database must have answered. */
  timeout: number;
}

const PAUSE = 500;

/** @throws StartupError exit code 75 while the database is away, 78 when a person must act */
export async function proveDatabase({
  database,
  secret,
  clock,
  logger,
  timeout,
}: ProveDatabaseOptions): Promise<void> {
  const deadline = clock.now() + timeout;
  /** The network may be silent for longer than there is time. */
  const startInTime = async () => {
    const done = new AbortController();
    const late = clock.sleep(Math.max(deadline - clock.now(), 1), done.signal).then(() => {
      throw Object.assign(new Error(`No answer within ${timeout} ms`), { code: 'ETIMEDOUT' });
    });
    late.catch(() => {});
    return Promise.race([database.start(), late]).finally(() => done.abort());
  };
  for (;;) {
    try {
      return await startInTime();
    } catch (error) {
      const problem = {
        subject: 'database',
        ...diagnose(error, placeOf(secret.name, secret.current().value)),
      };
      if (!problem.temporary || clock.now() + PAUSE >= deadline)
        throw new StartupError('The database cannot be used.', [problem], {
          temporary: problem.temporary,
          cause: error,
        });
      logger.warn({ code: problem.code }, `${problem.message}; trying again`);
      await clock.sleep(PAUSE);
    }
  }
}
