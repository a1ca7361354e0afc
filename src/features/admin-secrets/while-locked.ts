/** One writer at a time, also beside `npm run secrets -- rotate`: holds the lock for one transaction. */
import type { ClientBase } from 'pg';
import { tryLock } from '../../clients/database/lock.ts';
import { HttpProblem } from '../../http/problem.ts';

/** @param name the backend's name of the database secret. @throws HttpProblem 409 while another writer holds the lock */
export async function whileLocked<T>(client: ClientBase, name: string, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN');
  try {
    if (!(await tryLock(client, name, 'transaction')))
      throw new HttpProblem(409, 'Another write of a secret is running. Check the version, then try again.');
    return await work();
  } finally {
    await client.query('ROLLBACK').catch(() => {});
  }
}
