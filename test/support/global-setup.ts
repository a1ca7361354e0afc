/** Once for a whole run of the tests: the data directory that each PostgreSQL of the run starts with. */
import { mkdtemp, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../../sandbox/postgres.ts';
import { TEMPLATE } from '../../sandbox/postgres-cluster.ts';
import { startReaper } from '../../sandbox/reaper.ts';

const reaper = startReaper();

export async function globalSetup() {
  // It has no `cp`.
  if (process.platform === 'win32') return;
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'postgres-template-')));
  reaper.remove(directory);
  const server = await startPostgres({ directory, reaper });
  await server.stop();
  process.env[TEMPLATE] = join(directory, 'postgresql', 'data');
}

export const globalTeardown = () => reaper.close();
