/**
 * One lock for everything that changes a secret of this application: rotations and administrators' writes. It is held
 * in the application's own database, so it works with every backend, and PostgreSQL releases it when its holder dies.
 * https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
 */
import type { ClientBase } from 'pg';

/** The text that PostgreSQL hashes to the number of the lock. @param database the backend's name of the database secret */
export const lockKey = (database: string) => `rotation of ${database}`;

/** Takes the lock if it is free; it lasts as long as the connection. Returns whether it was taken. */
export async function tryLock(connection: ClientBase, database: string): Promise<boolean> {
  const { rows } = await connection.query<{ taken: boolean }>(
    'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS taken',
    [lockKey(database)],
  );
  return rows[0]?.taken === true;
}

/** The lock is lost with its connection. @throws the error of the connection */
export async function assertLocked(connection: ClientBase): Promise<void> {
  await connection.query('SELECT 1');
}
