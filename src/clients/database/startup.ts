/** The canary before the service listens: a real login with the loaded secret, retried while that can help. */
import type { Logger } from 'pino';
import type { Clock } from '../../clock.ts';
import { untilAborted, withinTime } from '../../deadline.ts';
import { StartupError } from '../../errors.ts';
import type { LiveSecret } from '../../secrets/live-secret.ts';
import type { DatabaseSecret } from '../../secrets/schemas.ts';
import { protectionOf } from './connection.ts';
import type { Database } from './database.ts';
import { diagnose, placeOf } from './diagnosis.ts';
import { isLocked, isRefused } from './errors.ts';

export interface ProveDatabaseOptions {
  database: Database;
  secret: LiveSecret<DatabaseSecret>;
  clock: Clock;
  logger: Logger;
  /** Milliseconds in which the database must have answered. */
  timeout: number;
}

/** Milliseconds between two attempts. */
const PAUSE = 500;

/**
 * A refused login is tried again as well: a rotation may have changed the database before the secret.
 * @throws StartupError exit code 75 while waiting can help, 78 when a person must act
 */
export async function proveDatabase({
  database,
  secret,
  clock,
  logger,
  timeout,
}: ProveDatabaseOptions): Promise<void> {
  const deadline = clock.now() + timeout;
  let latest: unknown;
  /** The network may be silent for longer than there is time. What failed before says more. */
  const startInTime = () =>
    withinTime(Math.max(deadline - clock.now(), 1), clock, (signal) =>
      untilAborted(database.start(), signal).catch((error) => {
        throw signal.aborted ? (latest ?? error) : error;
      }),
    );
  for (let reported: string | undefined; ; ) {
    try {
      await startInTime();
      break;
    } catch (error) {
      latest = error;
      const { temporary, ...problem } = diagnose(error, placeOf(secret.name, secret.current().value));
      const canPass = temporary || isLocked(error);
      if (!(canPass || isRefused(error)) || clock.now() + PAUSE >= deadline)
        throw new StartupError('The database cannot be used.', [{ subject: 'database', ...problem }], {
          temporary: canPass,
          cause: error,
        });
      if (reported !== problem.code) logger.warn({ code: problem.code }, `${problem.message}; trying again`);
      reported = problem.code;
      await clock.sleep(PAUSE);
    }
  }
  const { host } = secret.current().value;
  const { safe, text } = protectionOf(secret.current().value);
  if (safe) logger.info({ host, protection: text }, 'connected to PostgreSQL');
  else
    logger.warn(
      { host, protection: text },
      `connected to PostgreSQL without full protection: set sslmode in ${secret.name} to verify-full`,
    );
}
