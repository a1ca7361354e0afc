/** Brings the database's tables up to date, as the role that owns them. */
import { globSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import type { DatabaseSecret } from '../../secrets/schemas.ts';
import { tlsOptions } from './pool.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * The core's directory, and that of each feature that has tables. Each has a history of its own, for a runner refuses
 * to go on when a migration that it has run is gone, and a feature may be deleted.
 */
const historiesOf = (root: string) => [
  { dir: join(root, 'migrations'), migrationsTable: 'migrations' },
  ...globSync('src/features/*/migrations', { cwd: root })
    .toSorted()
    .map((path) => ({ dir: join(root, path), migrationsTable: `migrations_${basename(dirname(path))}` })),
];

/**
 * Runs what has not run yet and returns the names. Safe to run twice at once: the second waits.
 * @param root of the tree that has the migrations; default: this one
 */
export async function runMigrations(secret: DatabaseSecret, root = ROOT): Promise<string[]> {
  const client = new pg.Client({
    user: secret.username,
    password: secret.password,
    host: secret.host,
    port: secret.port,
    database: secret.dbname,
    ssl: tlsOptions(secret),
  });
  await client.connect();
  try {
    const names: string[] = [];
    for (const history of historiesOf(root)) {
      const ran = await runner({
        ...history,
        dbClient: client,
        direction: 'up',
        advisoryLockMode: 'wait',
        log: () => {},
      });
      names.push(...ran.map(({ name }) => name));
    }
    return names;
  } finally {
    await client.end();
  }
}
