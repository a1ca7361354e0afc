/** One who writes at a time, also beside `npm run secrets -- rotate`: a lock in PostgreSQL for one transaction. */
import type { ClientBase } from 'pg';
import { HttpProblem } from '../../http/problem.ts';

/** @throws HttpProblem 409 when somebody else has it */
export async function whileLocked<T>(client: ClientBase, key: string, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN');
  try {
    const { rows } = await client.query<{ taken: boolean }>(
      'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS taken',
      [key],
    );
    if (!rows[0]?.taken)
      throw new HttpProblem(409, 'Somebody else is writing a secret now. Look, then try again.');
    return await work();
  } finally {
    await client.query('ROLLBACK').catch(() => {});
  }
}
