/** How Vault words its answers: one envelope for everything it grants, a list of texts for everything else. */
import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler, Response, Router } from 'express';

/** `data` is what Vault tells beside a 404 about a version that was deleted. */
export class VaultError extends Error {
  readonly status: number;
  readonly data: object | undefined;
  constructor(status: number, message = '', data?: object) {
    super(message);
    this.status = status;
    this.data = data;
  }
}

export const permissionDenied = () => new VaultError(403, 'permission denied');

/** What an answer may carry beside the constant parts of the envelope. */
export interface Answer {
  data?: object | null;
  auth?: object;
  lease_id?: string;
  renewable?: boolean;
  lease_duration?: number;
}

export const envelope = (answer: Answer) => ({
  request_id: randomUUID(),
  lease_id: '',
  renewable: false,
  lease_duration: 0,
  data: null,
  wrap_info: null,
  warnings: null,
  auth: null,
  ...answer,
});

export function sendError(response: Response, error: Error) {
  // Express's own errors, for a body that is no JSON, carry a status too.
  const { status = 500, message } = error as Error & { status?: number };
  if (error instanceof VaultError && error.data)
    return void response.status(status).json(envelope({ data: error.data }));
  response.status(status).json({ errors: message ? [message] : [] });
}

/** Vault takes POST and PUT for the same thing: the documentation says one, its command line sends the other. */
export function onWrite(router: Router, path: string, handler: RequestHandler) {
  router.post(path, handler);
  router.put(path, handler);
}

/** The rest of the path, from a route that ends in `*name`. */
export const nameOf = (request: Request): string => [request.params.name ?? []].flat().join('/');

/** Vault writes times as RFC 3339; the moment that never comes is an empty text. */
export const time = (milliseconds: number | undefined) =>
  milliseconds === undefined ? '' : new Date(milliseconds).toISOString();
