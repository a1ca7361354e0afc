/**
 * One rotation at a time: a lock in the application's own database, which everybody who rotates can reach, whatever
 * the backend, and which PostgreSQL itself lets go of when its holder dies.
 * https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
 */
import type { ClientBase } from 'pg';
import { withConnection } from '../../clients/database/connection.ts';
import { databaseSchema, parseSecret } from '../../secrets/schemas.ts';
import { RotationError, type RotationOptions, step } from './rotation.ts';
import { endLease, readDatabase } from './stored-secret.ts';

const INTERVAL = 1_000;

/** What PostgreSQL makes the number of the lock from. @param database the backend's name of the database secret */
export const lockKey = (database: string) => `rotation of ${database}`;

/**
 * Takes the lock for as long as `connection` lives. It is one for all secrets of the application: whoever rotates
 * another secret holds it by a login of the database user, which would otherwise keep that user from being retired.
 * @throws RotationError temporary, when somebody else has it
 */
export async function takeLock(
  connection: ClientBase,
  { names, clock, signal, timeout, wait, report }: RotationOptions,
): Promise<void> {
  const take = async () => {
    const { rows } = await connection.query<{ taken: boolean }>(
      'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS taken',
      [lockKey(names.database)],
    );
    return rows[0]?.taken === true;
  };
  if (await take()) return;
  if (wait) await step({ report, signal }, 'Another rotation is running: waiting for it to end.');
  const deadline = clock.now() + (wait ? timeout : 0);
  while (clock.now() < deadline) {
    await clock.sleep(INTERVAL, signal);
    if (await take()) return;
  }
  throw new RotationError('Another rotation is running.', {
    remedy: wait ? 'Run the same command again later.' : 'Let it end, or add --wait.',
    temporary: true,
  });
}

/** The lock is as good as its connection. @throws the error of the connection when it is gone */
export async function assertLocked(connection: ClientBase): Promise<void> {
  await connection.query('SELECT 1');
}

/** Does the work with the lock, taken as the application's own login. @throws SecretError, the error of PostgreSQL */
export async function withLock<T>(
  options: RotationOptions,
  work: (assertStillLocked: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const secret = await readDatabase(options);
  try {
    return await withConnection(parseSecret(databaseSchema, secret), async (connection) => {
      await takeLock(connection, options);
      return work(() => assertLocked(connection));
    });
  } finally {
    await endLease(options, secret);
  }
}
