/** Reads JSON bodies of at most 100 kB and refuses every other kind. */
import express, { type RequestHandler } from 'express';
import { HttpProblem } from './http-problem.ts';

export function jsonBody(): RequestHandler[] {
  const refuseOtherTypes: RequestHandler = (request, _response, next) => {
    const hasBody =
      request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length']) > 0;
    if (hasBody && !request.is('application/json'))
      throw new HttpProblem(415, 'The body must be application/json.');
    next();
  };
  return [refuseOtherTypes, express.json({ limit: '100kb' })];
}
