/** One rotation at a time: waits for the lock, or refuses while another rotation holds it. */
import type { ClientBase } from 'pg';
import { withConnection } from '../../clients/database/connection.ts';
import { assertLocked, tryLock } from '../../clients/database/lock.ts';
import { parseSecret } from '../../secrets/parse-secret.ts';
import { databaseSchema } from '../../secrets/schemas.ts';
import { RotationError } from '../rotation-error.ts';
import { type RotationOptions, step } from './rotation.ts';
import { endLease, readDatabase } from './stored-secret.ts';

const INTERVAL = 1_000;

/**
 * Takes the lock for as long as `connection` lives. All secrets of the application share one lock: a rotation of
 * another secret holds it through a session of the database user, which would otherwise delay the retirement of that user.
 * @throws RotationError temporary, when another run holds it
 */
export async function takeLock(
  connection: ClientBase,
  { names, clock, signal, timeout, wait, report }: RotationOptions,
): Promise<void> {
  const take = () => tryLock(connection, names.database, 'session');
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
