/** Why a connection cannot be saved or used, for the administrator. Names fields, never values. */

export type CredentialErrorCode =
  /** The configuration has the wrong shape, or is incomplete after it is resolved. */
  | 'invalid'
  /** Outside of what this service may read or reach. */
  | 'not-allowed'
  /** There is no such configuration. */
  | 'not-found'
  /** The secret or the server refuses. The administrator can fix it. */
  | 'refused'
  /** No answer in time. A retry can succeed. */
  | 'unavailable';

export class CredentialError extends Error {
  override readonly name = 'CredentialError';
  readonly code: CredentialErrorCode;

  constructor(code: CredentialErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
