/** The format of Azure Key Vault's answers: errors with an inner code, and lists in pages. */
import type { Request, Response } from 'express';
import type { Refusal } from './faults.ts';

/** The audience of a valid token. */
export const RESOURCE = 'https://vault.azure.net';

/** Maximum page size, whatever `maxresults` asks for. */
const PAGE = 25;

/** Times are whole seconds, so two versions can have the same time. */
export const seconds = () => Math.floor(Date.now() / 1000);

export class KeyVaultError extends Error {
  readonly status: number;
  readonly code: string;
  /** Distinguishes errors with the same status and code. */
  readonly inner: string | undefined;
  constructor(status: number, code: string, message: string, inner?: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.inner = inner;
  }
}

export const REFUSALS: Record<Refusal, [status: number, code: string, inner?: string]> = {
  throttled: [429, 'Throttled'],
  unavailable: [503, 'ServiceUnavailable'],
  denied: [403, 'Forbidden', 'ForbiddenByRbac'],
  identity: [401, 'Unauthorized'],
  expired: [401, 'Unauthorized'],
  sealed: [503, 'ServiceUnavailable'],
  standby: [503, 'ServiceUnavailable'],
};

/** @param challenge header that names the authority to a caller without a token */
export function sendError(response: Response, error: Error, challenge: string) {
  const { status, code, message, inner } =
    error instanceof KeyVaultError ? error : new KeyVaultError(500, 'InternalServerError', error.message);
  if (status === 401) response.set('WWW-Authenticate', challenge);
  if (status === 429 && !response.get('Retry-After')) response.set('Retry-After', '2');
  response.status(status).json({ error: { code, message, ...(inner && { innererror: { code: inner } }) } });
}

/** URL of this vault. */
export const originOf = (request: Request) => `https://${request.headers.host}`;

/** The requested page of a list, and the URL of the next page. */
export function page(request: Request, entries: object[]) {
  const start = Number(request.query.$skiptoken ?? 0);
  const size = Math.min(Number(request.query.maxresults ?? PAGE), PAGE);
  const next = new URLSearchParams({
    'api-version': String(request.query['api-version']),
    $skiptoken: String(start + size),
    maxresults: String(size),
  });
  const nextLink = start + size < entries.length ? `${originOf(request)}${request.path}?${next}` : null;
  return { value: entries.slice(start, start + size), nextLink };
}
