/** Why a connection cannot be had, in words for whoever registers it: names fields, never a value. */

export type CredentialErrorCode =
  /** The configuration is not one, or what it became is not complete. */
  | 'invalid'
  /** Outside of what this service may read or reach. */
  | 'not-allowed'
  /** There is no such configuration. */
  | 'not-found'
  /** The secret, or the server, refuses or does not fit; whoever registers it can mend that. */
  | 'refused'
  /** No answer in time; trying again can succeed. */
  | 'unavailable';

export class CredentialError extends Error {
  override readonly name = 'CredentialError';
  readonly code: CredentialErrorCode;

  constructor(code: CredentialErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
