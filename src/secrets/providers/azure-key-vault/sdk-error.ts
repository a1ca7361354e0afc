/** Classifies the errors of Azure's SDK and removes what they quote. */
import type { SecretErrorCode } from '../../../errors.ts';
import { NOT_UNDERSTOOD } from '../network/no-answer.ts';
import { parseRetryAfter } from '../network/retry-after.ts';

/** Fields of the errors of @azure/core-rest-pipeline, @azure/identity and @azure/msal-node. */
export interface SdkError extends Error {
  code?: string;
  statusCode?: number;
  status?: number;
  errorCode?: string;
  errors?: unknown[];
  details?: { error?: Record<'innererror' | 'innerError', { code?: string } | undefined> };
  response?: { headers: { get(name: string): string | undefined } };
}

const CODES: Record<number, SecretErrorCode> = {
  400: 'invalid',
  401: 'identity',
  403: 'denied',
  404: 'not-found',
  413: 'invalid',
  429: 'throttled',
};

const INNER_CODES: Record<string, SecretErrorCode> = {
  SecretDisabled: 'disabled',
  ObjectIsDeletedButRecoverable: 'disabled',
};

const IDENTITY_ERRORS = new Set([
  'AuthenticationError',
  'AuthenticationRequiredError',
  'AggregateAuthenticationError',
  'CredentialUnavailableError',
]);

const TEMPORARY_CODES = ['network_error', 'unknown_error', 'REQUEST_SEND_ERROR'];
/** The metadata service answers with 404 and 410 while an identity is being set up. */
const TEMPORARY_STATUS = new Set([404, 408, 410, 429]);

/** Codes of errors that quote an unparsable answer, such as half a secret or half a token. */
const QUOTING_CODES = ['PARSE_ERROR', 'client_error', 'server_error', 'unknown_error'];

/** Classifies by status and codes, never by the message. */
export function classify(error: SdkError): SecretErrorCode {
  if (isFromIdentity(error)) return origins(error).some(isTemporary) ? 'unavailable' : 'identity';
  return INNER_CODES[innerCode(error) ?? ''] ?? CODES[error.statusCode ?? 0] ?? 'unavailable';
}

/** Keeps the useful and harmless part. SDK errors hold requests with tokens and answers with values. */
export function withoutSecrets(error: SdkError): Error {
  const code = innerCode(error) ?? error.code;
  // For an answer that is not Key Vault's, the SDK throws an error without a code, or a parse error.
  if ((code === undefined && !isFromIdentity(error)) || code === 'PARSE_ERROR')
    return Object.assign(new Error('The answer could not be read'), { code: NOT_UNDERSTOOD });
  return Object.assign(new Error(harmlessMessage(error)), {
    name: error.name,
    code,
    status: error.statusCode,
  });
}

/** Whether obtaining a token failed, before any request to the vault. */
export const isFromIdentity = ({ name }: { name?: string }): boolean => IDENTITY_ERRORS.has(name ?? '');

/** `Retry-After` in milliseconds. */
export const retryAfter = ({ response }: SdkError): number | undefined =>
  parseRetryAfter(response?.headers.get('retry-after'));

/** The service writes `innererror`. The SDK's types, and its older versions, have `innerError`. */
const innerCode = ({ details }: SdkError): string | undefined =>
  (details?.error?.innererror ?? details?.error?.innerError)?.code;

const hasCode = ({ code = '', errorCode = '' }: SdkError, codes: string[]): boolean =>
  codes.includes(code) || codes.includes(errorCode);

/** The error and all its causes. */
function origins(error: unknown): SdkError[] {
  if (!(error instanceof Error)) return [];
  const { cause, errors = [] } = error as SdkError;
  return [error, ...[cause, ...errors].flatMap(origins)];
}

/** Whether the identity endpoint could not be reached, as opposed to refusing a token. */
function isTemporary(error: SdkError): boolean {
  const status = error.status ?? error.statusCode ?? 0;
  return (
    error.name === 'AbortError' ||
    status >= 500 ||
    TEMPORARY_STATUS.has(status) ||
    hasCode(error, TEMPORARY_CODES)
  );
}

function harmlessMessage(error: SdkError): string {
  // The message of a credential chain repeats those of its parts.
  const parts = (error.errors ?? []) as SdkError[];
  if (parts.length > 0) return parts.map(harmlessMessage).join('\n');
  const quotes = origins(error).some((origin) => hasCode(origin, QUOTING_CODES));
  return quotes ? 'The answer could not be parsed.' : error.message;
}
