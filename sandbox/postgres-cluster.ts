/** The data directory of a PostgreSQL server: made by initdb, or copied from a template in a fifth of its time. */
import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { escapeLiteral } from 'pg';
import { type ProcessOptions, run } from './postgres-process.ts';
import { give } from './postgres-user.ts';

/** What `initdb` makes and `postgres` serves. */
export interface Cluster extends ProcessOptions {
  /** An empty directory that belongs to the server's user. */
  data: string;
  /** The superuser's. */
  password: string;
}

/** The environment variable with the path of a template, which a test run makes once for all of its servers. */
export const TEMPLATE = 'SANDBOX_POSTGRES_TEMPLATE';

export async function createCluster(cluster: Cluster): Promise<void> {
  const template = process.env[TEMPLATE];
  if (!template) return initialize(cluster);
  // Keeps owners and modes, which PostgreSQL checks.
  await promisify(execFile)('cp', ['-a', `${template}/.`, cluster.data]);
  await setPassword(cluster);
}

async function initialize(cluster: Cluster) {
  const passwordFile = join(cluster.root, 'password');
  writeFileSync(passwordFile, cluster.password, { mode: 0o600, flag: 'wx' });
  try {
    give(passwordFile, cluster.user);
    const settings = [
      '--auth=scram-sha-256',
      '--locale=C',
      '--encoding=UTF8',
      '--no-sync',
      '--no-instructions',
    ];
    const parameters = ['--username=postgres', `--pwfile=${passwordFile}`, `--pgdata=${cluster.data}`];
    const { code, reason } = await run('initdb', [...settings, ...parameters], cluster).ended;
    if (code !== 0) throw reason;
  } finally {
    rmSync(passwordFile);
  }
}

/** Before the server listens. The statement goes through standard input, so that no list of processes shows it. */
async function setPassword(cluster: Cluster) {
  const statement = `ALTER ROLE postgres PASSWORD ${escapeLiteral(cluster.password)};\n`;
  const parameters = ['--single', '-D', cluster.data, '-c', 'fsync=off', 'postgres'];
  const { code, reason } = await run('postgres', parameters, { ...cluster, input: statement }).ended;
  if (code !== 0) throw reason;
}
