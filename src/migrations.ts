/** Brings the database's tables up to date, as the role that owns them. */
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { tlsOptions } from './clients/database-generation.ts';
import type { DatabaseSecret } from './secrets/schemas.ts';

const DIRECTORY = fileURLToPath(new URL('../migrations', import.meta.url));

/** Runs what has not run yet and returns the names. Safe to run twice at once: the second waits. */
export async function runMigrations(secret: DatabaseSecret): Promise<string[]> {
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
    const migrations = await runner({
      dbClient: client,
      dir: DIRECTORY,
      direction: 'up',
      migrationsTable: 'migrations',
      log: () => {},
    });
    return migrations.map(({ name }) => name);
  } finally {
    await client.end();
  }
}
