/** What the errors of Azure's SDK say: which class they are, and how much of them may be shown. */
import type { SecretErrorCode } from '../../../errors.ts';
import { NOT_UNDERSTOOD } from '../network/no-answer.ts';
import { parseRetryAfter } from '../network/retry-after.ts';

/** What is read of the errors of @azure/core-rest-pipeline, @azure/identity and @azure/msal-node. */
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
/** 404 and 410 are the metadata service's answers while an identity is being set up. */
const TEMPORARY_STATUS = new Set([404, 408, 410, 429]);

/** Codes of errors that quote an answer which could not be parsed: half a secret, half a token. */
const QUOTING_CODES = ['PARSE_ERROR', 'client_error', 'server_error', 'unknown_error'];

/** Status and codes decide, never the message. */
export function classify(error: SdkError): SecretErrorCode {
  if (isFromIdentity(error)) return origins(error).some(isTemporary) ? 'unavailable' : 'identity';
  return INNER_CODES[innerCode(error) ?? ''] ?? CODES[error.statusCode ?? 0] ?? 'unavailable';
}

/** SDK errors hold requests with tokens and answers with values: only what helps and is harmless is kept. */
export function withoutSecrets(error: SdkError): Error {
  const code = innerCode(error) ?? error.code;
  // The SDK stumbles over an answer that is not a vault's, or says that it could not parse it.
  if ((code === undefined && !isFromIdentity(error)) || code === 'PARSE_ERROR')
    return Object.assign(new Error('The answer could not be read'), { code: NOT_UNDERSTOOD });
  return Object.assign(new Error(harmlessMessage(error)), {
    name: error.name,
    code,
    status: error.statusCode,
  });
}

/** It was about who this process is, and the vault was not asked. */
export const isFromIdentity = ({ name }: { name?: string }): boolean => IDENTITY_ERRORS.has(name ?? '');

/** `Retry-After` in milliseconds. */
export const retryAfter = ({ response }: SdkError): number | undefined =>
  parseRetryAfter(response?.headers.get('retry-after'));

/** The service writes `innererror`; the SDK's types and older versions of it `innerError`. */
const innerCode = ({ details }: SdkError): string | undefined =>
  (details?.error?.innererror ?? details?.error?.innerError)?.code;

const hasCode = ({ code = '', errorCode = '' }: SdkError, codes: string[]): boolean =>
  codes.includes(code) || codes.includes(errorCode);

/** The error and all that it was made from. */
function origins(error: unknown): SdkError[] {
  if (!(error instanceof Error)) return [];
  const { cause, errors = [] } = error as SdkError;
  return [error, ...[cause, ...errors].flatMap(origins)];
}

/** Whether the identity endpoint was out of reach, as opposed to refusing a token. */
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
  // What a chain of credentials says repeats what each of them says.
  const parts = (error.errors ?? []) as SdkError[];
  if (parts.length > 0) return parts.map(harmlessMessage).join('\n');
  const quotes = origins(error).some((origin) => hasCode(origin, QUOTING_CODES));
  return quotes ? 'The answer could not be parsed.' : error.message;
}
