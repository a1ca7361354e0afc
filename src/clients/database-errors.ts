/** What PostgreSQL's error codes mean for credentials. https://www.postgresql.org/docs/current/errcodes-appendix.html */

const codeOf = (error: unknown): string | undefined => (error as { code?: string } | null)?.code;

/** The login was refused: wrong password, unknown or expired role (28P01), NOLOGIN (28000). */
export const isLoginRefused = (error: unknown): boolean => ['28P01', '28000'].includes(codeOf(error) ?? '');

/**
 * A live session whose role was dropped or lost its rights (42501, 42704), or that an administrator
 * ended (57P01): its generation is out of date if the secret has changed.
 */
export const isRoleGone = (error: unknown): boolean =>
  ['42501', '42704', '57P01'].includes(codeOf(error) ?? '');

/** The connection cannot be used again: class 08, shutdown (57P..), or a failure below PostgreSQL. */
export const isConnectionLost = (error: unknown): boolean => {
  const code = codeOf(error);
  if (code === undefined) return error instanceof Error && /connection/i.test(error.message);
  return code.startsWith('08') || code.startsWith('57P') || /^E[A-Z]+$/.test(code);
};
