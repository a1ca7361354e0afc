/** The format of Vault's answers: one envelope for success, a list of messages for errors. */
import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler, Response, Router } from 'express';

/** `data` accompanies a 404 for a deleted version. */
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

/** The variable fields of the envelope. */
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
  // Express's own errors have a status too, for example for a body that is not JSON.
  const { status = 500, message } = error as Error & { status?: number };
  if (error instanceof VaultError && error.data)
    return void response.status(status).json(envelope({ data: error.data }));
  response.status(status).json({ errors: message ? [message] : [] });
}

/** Vault accepts POST and PUT alike: the documentation uses one, its command line the other. */
export function onWrite(router: Router, path: string, handler: RequestHandler) {
  router.post(path, handler);
  router.put(path, handler);
}

/** The rest of the path, for a route that ends in `*name`. */
export const nameOf = (request: Request): string => [request.params.name ?? []].flat().join('/');

/** Vault formats times as RFC 3339. A missing time is an empty string. */
export const time = (milliseconds: number | undefined) =>
  milliseconds === undefined ? '' : new Date(milliseconds).toISOString();
