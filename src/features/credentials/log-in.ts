/** Logs in to PostgreSQL once and leaves. What fails is told by its code: PostgreSQL's own words quote what they got. */
import { isIP } from 'node:net';
import pg from 'pg';
import { tlsOptions } from '../../clients/database/pool.ts';
import { untilAborted } from '../../deadline.ts';
import type { DatabaseSecret } from '../../secrets/schemas.ts';
import { CredentialError } from './credential-error.ts';

/** @param address of the host, which has been checked. @throws CredentialError, or the signal's reason */
export async function logIn(login: DatabaseSecret, address: string, signal: AbortSignal): Promise<void> {
  const { host, port, username: user, password, dbname: database } = login;
  const tls = tlsOptions(login);
  // The certificate must be that of the name, and not of the address.
  const ssl = typeof tls === 'object' && isIP(host) === 0 ? { ...tls, servername: host } : tls;
  const application_name = 'express-secrets-template credentials';
  const client = new pg.Client({ host: address, port, user, password, database, ssl, application_name });
  // A connection that breaks later has nobody to tell.
  client.on('error', () => {});
  try {
    await untilAborted(client.connect(), signal);
    await untilAborted(client.end(), signal);
  } catch (error) {
    client.connection.stream.destroy();
    throw signal.aborted ? error : toCredentialError(error);
  }
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const REFUSALS: Record<string, string> = {
  '28P01': 'The server refuses this username and password',
  '28000': 'The server refuses this login, or a login of this kind',
  '3D000': 'The server has no such database',
  '42501': 'This login may not connect to the database',
  '53300': 'The server has no connection left',
  '57P03': 'The server is starting or stopping',
  ECONNREFUSED: 'Nothing listens at this host and port',
  ECONNRESET: 'The server broke the connection',
  EHOSTUNREACH: 'There is no way to this host',
  ENETUNREACH: 'There is no way to this host',
  ETIMEDOUT: 'The server does not answer',
};

const TEMPORARY = ['53300', '57P03', 'ECONNRESET', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT'];

/** Codes of Node for certificates: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const isTls = (code: string) => /CERT|SIGNATURE|TLS|SSL/.test(code);

function toCredentialError(error: unknown): CredentialError {
  const { code, message } = error as { code?: string; message: string };
  // Not coded, and with nothing quoted: https://github.com/brianc/node-postgres/blob/master/packages/pg/lib/connection.js
  if (code === undefined && message === 'The server does not support SSL connections')
    return new CredentialError('refused', 'The server offers no TLS; extra.sslmode asks for it.');
  if (code === undefined)
    return new CredentialError('refused', 'The server is no PostgreSQL that knows this kind of login.');
  if (isTls(code))
    return new CredentialError(
      'refused',
      `The server's certificate is not accepted (${code}); see extra.ca_cert.`,
    );
  const temporary = TEMPORARY.includes(code);
  return new CredentialError(
    temporary ? 'unavailable' : 'refused',
    `${REFUSALS[code] ?? 'The login failed'} (${code}).`,
  );
}
