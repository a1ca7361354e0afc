/**
 * What a failure of PostgreSQL means, from its code or its words. No other file interprets these; diagnosis.ts has the
 * sentences. SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
 * TLS: https://nodejs.org/api/tls.html#x509-certificate-error-codes
 */

export type Kind =
  /** The server refuses the login. */
  | 'login'
  /** The server has no such database. */
  | 'database'
  /** The role exists and lacks a right, or the table is missing. */
  | 'rights'
  /** The server has no connection left. */
  | 'full'
  /** No connection, or one that broke. */
  | 'away'
  /** Server and service do not agree on TLS, or the certificate is not accepted. */
  | 'tls'
  /** Any other failure of a statement. */
  | 'statement';

/** node-postgres gives its own errors no code. */
const UNCODED: [message: RegExp, code: string][] = [
  [/^The server does not support SSL connections/, 'TLS_NOT_OFFERED'],
  [/^There was an error establishing an SSL connection/, 'TLS_NOT_UNDERSTOOD'],
  [/^SASL: /, 'SASL'],
  [/^timeout exceeded when trying to connect/, 'POOL_EXHAUSTED'],
  [/timeout/i, 'TIMEOUT'],
  [
    /^Connection terminated|^Client (has encountered|was closed)|after calling end on the pool/,
    'CONNECTION_LOST',
  ],
];

/**
 * Poolers report failures of a login in words of their own, with codes that mean something else: PgBouncer's 08P01,
 * Supavisor's XX000. RDS Proxy's codes are not documented.
 */
const POOLERS: [words: RegExp, code: string][] = [
  [/no such database|database "?.*"? does not exist/i, '3D000'],
  [/(ssl|tls) (connection )?(is )?required|requires (ssl|tls)|no encryption$|SSL off$/i, 'TLS_REQUIRED'],
  [/requires a valid client certificate/, 'TLS_CLIENT_CERTIFICATE'],
  [/is not permitted to log in$/, 'LOCKED'],
  [/^permission denied for database/, 'NO_CONNECT'],
  [/max[_ ]?client|no more connections allowed|too many (clients|connections)/i, '53300'],
  [
    /password authentication failed|(sasl )?authentication (failed|error)|auth failed|wrong password|login (rejected|failed)/i,
    '28P01',
  ],
  [/no such user|user not found|tenant\/user .* not found|no credentials for the role/i, '28P01'],
  [/password that was provided for the role .* is wrong|too many authentication errors/i, '28P01'],
  [/server login has been failing|cannot connect to server|no pool configured for/i, '28P01'],
  [/^role ".*" does not exist/i, '28P01'],
];
const POOLERS_CODES = ['', '08P01', 'XX000'];

/** Codes of Node and OpenSSL. An incomplete chain and an unknown authority have the same ones. */
const TLS: [codes: RegExp, meaning: string][] = [
  [/^(CERT|CRL)_HAS_EXPIRED$/, 'TLS_EXPIRED'],
  [/^(CERT|CRL)_NOT_YET_VALID$/, 'TLS_NOT_YET_VALID'],
  [/ALTNAME|HOSTNAME_MISMATCH/, 'TLS_OTHER_HOST'],
  [/CERT_REVOKED/, 'TLS_REVOKED'],
  [/^ERR_SSL_.*CERTIFICATE/, 'TLS_CLIENT_CERTIFICATE'],
  [/SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)|CERT_UNTRUSTED|^INVALID_CA$/, 'TLS_UNTRUSTED'],
  [/^EPROTO$|^ERR_SSL_/, 'TLS_NOT_UNDERSTOOD'],
  [/CERT|CRL|SIGNATURE|PATH_LENGTH|PURPOSE|^ERR_TLS_|^ERR_OSSL_|^UNSPECIFIED$/, 'TLS_REJECTED'],
];

export const codeOf = (error: unknown): string => {
  const { code, message = '' } = (error ?? {}) as { code?: unknown; message?: string };
  if (typeof code === 'string') return code;
  return UNCODED.find(([words]) => words.test(message))?.[1] ?? '';
};

/** The code that PostgreSQL itself would have given, or a word of this file. */
export const meaningOf = (error: unknown): string => {
  const code = codeOf(error);
  const { message = '', severity } = (error ?? {}) as { message?: string; severity?: string };
  // Only a server states a severity.
  if (severity === undefined) return TLS.find(([codes]) => codes.test(code))?.[1] ?? code;
  if (severity !== 'FATAL' && !POOLERS_CODES.includes(code)) return code;
  return POOLERS.find(([words]) => words.test(message))?.[1] ?? code;
};

/** A table in a schema that the role may not use is not refused but not found (42P01). */
const RIGHTS = ['42501', '42704', '42P01'];
const NETWORK =
  /^(TIMEOUT|POOL_EXHAUSTED|CONNECTION_LOST|ENOTFOUND|EAI_\w+|ENOENT|EPIPE|E(CONN|HOST|NET|ADDR|TIMEDOUT|MFILE|NFILE)\w*)$/;

export function kindOf(error: unknown): Kind {
  const code = meaningOf(error);
  if (['28P01', '28000', 'SASL', 'LOCKED', 'NO_CONNECT'].includes(code)) return 'login';
  if (code === '3D000') return 'database';
  if (RIGHTS.includes(code)) return 'rights';
  if (code === '53300') return 'full';
  if (/^(08...|57P..)$/.test(code) || NETWORK.test(code)) return 'away';
  if (code.startsWith('TLS_')) return 'tls';
  // A fatal error ends the session, or refuses it.
  return (error as { severity?: string } | null)?.severity === 'FATAL' ? 'away' : 'statement';
}

const isOf =
  (...kinds: Kind[]) =>
  (error: unknown): boolean =>
    kinds.includes(kindOf(error));

/** A server answered, and does not accept what the secret says: user, password or database. */
export const isRefused = isOf('login', 'database');

/** The role may not log in for now. Rotations pass through this state. */
export const isLocked = (error: unknown): boolean => meaningOf(error) === 'LOCKED';

/** A pooler refused the login of its own connection to the server, perhaps in answer to a statement, which has not run. */
export const isRefusedByPooler = (error: unknown): boolean =>
  isRefused(error) && meaningOf(error) !== codeOf(error);

/** No connection could be made. */
export const isConnectFailure = isOf('login', 'database', 'tls', 'full', 'away');

/** Another version of the secret may avoid this failure to connect: it can name another login, database or server. */
export const canSecretHelp = isOf('login', 'database', 'tls', 'away');

/** Every connection of this process is lent, which says nothing of the server. */
export const isPoolExhausted = (error: unknown): boolean => codeOf(error) === 'POOL_EXHAUSTED';

/** The role of a live session was dropped or lost its rights. The statement was refused and had no effect. */
export const isRightsLost = isOf('rights');

/** An administrator ended the session, perhaps to drop its role. The statement may have run. */
export const isSessionEnded = (error: unknown): boolean => codeOf(error) === '57P01';

/** The connection cannot be used again. */
export const isConnectionLost = isOf('away');

/** A read-only standby, a conflict of transactions, a resource that is used up, an error of the server itself. */
const PASSING = /^(25006|(40|53|58|XX)...|55P03)$/;

/** Whether the same attempt can succeed later without a change by a person. */
export const isTemporary = (error: unknown): boolean =>
  isOf('full', 'away')(error) || PASSING.test(meaningOf(error));

/** No connection within the time that a caller waits, or too many callers wait already. */
export class DatabaseUnavailable extends Error {
  override readonly name = 'DatabaseUnavailable';
}

/** Whether a request fails because the database cannot be reached: status 503. */
export const isUnavailable = (error: unknown): boolean =>
  error instanceof DatabaseUnavailable || isConnectFailure(error);
