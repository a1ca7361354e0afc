/** How a connection to PostgreSQL is made from the secret: options, TLS, and single connections beside every pool. */
import { BlockList, isIP } from 'node:net';
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

type Tls = Pick<DatabaseSecret, 'host' | 'sslmode' | 'ca_cert'>;

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

/** Whether nothing but this machine carries the connection: loopback or a Unix socket. */
const isLocal = (host: string): boolean =>
  host.startsWith('/') ||
  host === 'localhost' ||
  (isIP(host) !== 0 && loopback.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4'));

const modeOf = ({ host, sslmode, ca_cert }: Tls) =>
  sslmode ?? (isLocal(host) && ca_cert === undefined ? 'disable' : 'verify-full');

/** TLS as `sslmode` asks for it, as in libpq. Default: `verify-full`, but `disable` within this machine. */
function tlsOptions(secret: Tls, address: string): pg.ClientConfig['ssl'] {
  const { host, ca_cert } = secret;
  const options = {
    ...(ca_cert !== undefined && { ca: ca_cert }),
    ...(address !== host && isIP(host) === 0 && { servername: host }),
  };
  const anyHost = { ...options, checkServerIdentity: () => undefined };
  switch (modeOf(secret)) {
    case 'disable':
      return false;
    case 'require':
      // As libpq does: the certificate is checked only when there is an authority to check it against.
      return ca_cert === undefined ? { ...options, rejectUnauthorized: false } : anyHost;
    case 'verify-ca':
      return anyHost;
    case 'verify-full':
      return options;
  }
}

/** What protects the connection to PostgreSQL, in words for a log and a report. */
export function protectionOf(secret: Tls): { safe: boolean; text: string } {
  const mode = modeOf(secret);
  const safe = mode === 'verify-full' || isLocal(secret.host);
  if (mode === 'disable')
    return { safe, text: isLocal(secret.host) ? 'not encrypted, within this machine' : 'not encrypted' };
  if (mode === 'require' && secret.ca_cert === undefined)
    return { safe, text: 'encrypted, server not verified' };
  if (mode === 'verify-full') return { safe, text: 'encrypted, server verified' };
  return { safe, text: 'encrypted, certificate verified, host name not verified' };
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
