/**
 * One lock for everything that changes a secret of this application: rotations and writes by administrators. The
 * application's own database holds it, so it works with every backend, and PostgreSQL releases it when its holder dies.
 * https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
 */
import type { ClientBase } from 'pg';

/** Until when the lock is held: the end of the connection, or of the transaction. */
type Duration = 'session' | 'transaction';

const STATEMENTS: Record<Duration, string> = {
  session: 'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS taken',
  transaction: 'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS taken',
};

/** Takes the lock if it is free. @param name the backend's name of the database secret. Returns whether it was taken. */
export async function tryLock(connection: ClientBase, name: string, until: Duration): Promise<boolean> {
  const { rows } = await connection.query<{ taken: boolean }>(STATEMENTS[until], [`rotation of ${name}`]);
  return rows[0]?.taken === true;
}

/** The lock is lost with its connection. @throws the error of the connection */
export async function assertLocked(connection: ClientBase): Promise<void> {
  await connection.query('SELECT 1');
}
