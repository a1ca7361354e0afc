/** Refuses requests that Node and a proxy in front of the service may read differently. */
import type { RequestHandler } from 'express';
import { HttpProblem } from './problem.ts';

/** Node keeps the first of these headers and drops the others. */
const ONCE = ['host', 'authorization', 'content-type'] as const;

export const refuseAmbiguity: RequestHandler = ({ headersDistinct, httpVersionMajor }, _response, next) => {
  // Bytes after this request are not read as another request.
  const headers = { Connection: 'close' };
  if (httpVersionMajor < 1) throw new HttpProblem(400, 'The request names no version of HTTP.', { headers });
  const repeated = ONCE.find((name) => (headersDistinct[name]?.length ?? 0) > 1);
  if (repeated) throw new HttpProblem(400, `The request has more than one header ${repeated}.`, { headers });
  next();
};
