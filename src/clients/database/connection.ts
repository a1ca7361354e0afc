/** A connection to PostgreSQL of one's own, beside every pool, for as long as a piece of work takes. */
import pg from 'pg';
import type { DatabaseSecret } from '../../secrets/schemas.ts';
import { tlsOptions } from './pool.ts';

/** What `pg_stat_activity` shows of a rotation. */
export const APPLICATION_NAME = 'express-secrets-template rotation';

/** `dbname` replaces the secret's. @throws the error of PostgreSQL or of the network */
export async function withConnection<T>(
  secret: DatabaseSecret,
  work: (connection: pg.Client) => Promise<T>,
  { dbname = secret.dbname }: { dbname?: string } = {},
): Promise<T> {
  const connection = new pg.Client({
    user: secret.username,
    password: secret.password,
    host: secret.host,
    port: secret.port,
    database: dbname,
    ssl: tlsOptions(secret),
    application_name: APPLICATION_NAME,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  // Its loss shows in the next statement; without a listener it would end the process.
  connection.on('error', () => {});
  await connection.connect();
  try {
    return await work(connection);
  } finally {
    await connection.end().catch(() => {});
  }
}
