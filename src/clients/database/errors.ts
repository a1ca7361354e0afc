/** What PostgreSQL's error codes mean for credentials. https://www.postgresql.org/docs/current/errcodes-appendix.html */

const codeOf = (error: unknown): string => (error as { code?: string } | null)?.code ?? '';

/** The login was refused: wrong password, unknown or expired role (28P01), NOLOGIN (28000). */
export const isLoginRefused = (error: unknown): boolean => ['28P01', '28000'].includes(codeOf(error));

/**
 * A live session whose role was dropped or lost its rights: the statement was refused and had no effect. A table in
 * a schema that the role may not use any more is not refused but not found (42P01).
 */
export const isRightsLost = (error: unknown): boolean => ['42501', '42704', '42P01'].includes(codeOf(error));

/** An administrator ended the session, perhaps because its role goes; the statement may have run. */
export const isSessionEnded = (error: unknown): boolean => codeOf(error) === '57P01';

/** No connection for now: all are taken (53300), the server starts or stops (57P..), or the network fails. */
export const isServerAway = (error: unknown): boolean => {
  const code = codeOf(error);
  return code === '53300' || isConnectionLost(error);
};

/** The connection cannot be used again: class 08, shutdown (57P..), or a failure below PostgreSQL. */
export const isConnectionLost = (error: unknown): boolean => {
  const code = codeOf(error);
  if (code === '') return error instanceof Error && /connection|timeout/i.test(error.message);
  return code.startsWith('08') || code.startsWith('57P') || /^E[A-Z_]+$/.test(code);
};
