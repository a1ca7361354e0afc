/** How a connection to PostgreSQL is made from the secret: options, TLS, and single connections beside every pool. */
import { isIP } from 'node:net';
import pg from 'pg';
import { untilAborted } from '../../deadline.ts';
import type { DatabaseSecret } from '../../secrets/schemas.ts';

/** Needs the application's rights: `SELECT 1` succeeds even for a dropped role. */
export const CANARY = 'SELECT 1 FROM users LIMIT 1';

/** What `pg_stat_activity` shows of commands. */
export const APPLICATION_NAME = 'express-secrets-template rotation';

/** @param address of the host, where it is already known. The certificate is still checked for the host. */
export const connectionOptions = (secret: DatabaseSecret, address = secret.host): pg.ClientConfig => ({
  user: secret.username,
  password: secret.password,
  host: address,
  port: secret.port,
  database: secret.dbname,
  ssl: tlsOptions(secret, address),
});

/** TLS as `sslmode` asks for it. Default: `verify-full` with a `ca_cert`, else `disable`. */
function tlsOptions({ host, sslmode, ca_cert }: DatabaseSecret, address: string): pg.ClientConfig['ssl'] {
  const options = {
    ...(ca_cert !== undefined && { ca: ca_cert }),
    ...(address !== host && isIP(host) === 0 && { servername: host }),
  };
  switch (sslmode ?? (ca_cert ? 'verify-full' : 'disable')) {
    case 'disable':
      return false;
    case 'require':
      // As libpq does: encrypted, and verified only when there is something to verify against.
      return { ...options, rejectUnauthorized: ca_cert !== undefined };
    case 'verify-ca':
      return { ...options, checkServerIdentity: () => undefined };
    case 'verify-full':
      return options;
  }
}

export interface ConnectionOptions {
  /** Replaces the secret's. */
  dbname?: string;
  address?: string;
  applicationName?: string;
  /** Breaks the connection off. */
  signal?: AbortSignal;
}

/** @throws the error of PostgreSQL or of the network, or the reason of the signal */
export async function withConnection<T>(
  secret: DatabaseSecret,
  work: (connection: pg.Client) => Promise<T>,
  { dbname = secret.dbname, address, applicationName = APPLICATION_NAME, signal }: ConnectionOptions = {},
): Promise<T> {
  const connection = new pg.Client({
    ...connectionOptions(secret, address),
    database: dbname,
    application_name: applicationName,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  // The next statement shows the loss of the connection. Without a listener it would end the process.
  connection.on('error', () => {});
  let connected = false;
  try {
    await untilAborted(connection.connect(), signal);
    connected = true;
    return await untilAborted(work(connection), signal);
  } finally {
    if (connected && !signal?.aborted) await untilAborted(connection.end(), signal).catch(() => {});
    // A server that did not answer would not answer the farewell either.
    else connection.connection.stream.destroy();
  }
}
