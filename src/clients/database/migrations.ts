/** Brings the database's tables up to date, as the role that owns them. */
import { globSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import type { DatabaseSecret } from '../../secrets/schemas.ts';
import { withConnection } from './connection.ts';

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
  return withConnection(secret, async (connection) => {
    const names: string[] = [];
    for (const history of historiesOf(root)) {
      const ran = await runner({
        ...history,
        dbClient: connection,
        direction: 'up',
        advisoryLockMode: 'wait',
        log: () => {},
      });
      names.push(...ran.map(({ name }) => name));
    }
    return names;
  });
}
