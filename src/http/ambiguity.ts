/** Refuses what Node would read in one way and a proxy in front of the service may have read in another. */
import type { RequestHandler } from 'express';
import { HttpProblem } from './problem.ts';

/** Of these Node takes the first and drops the rest. */
const ONCE = ['host', 'authorization', 'content-type'] as const;

export const refuseAmbiguity: RequestHandler = ({ headersDistinct, httpVersionMajor }, _response, next) => {
  // Whatever came behind this request is not read as another one.
  const headers = { Connection: 'close' };
  if (httpVersionMajor < 1) throw new HttpProblem(400, 'The request names no version of HTTP.', { headers });
  const repeated = ONCE.find((name) => (headersDistinct[name]?.length ?? 0) > 1);
  if (repeated) throw new HttpProblem(400, `The request has more than one header ${repeated}.`, { headers });
  next();
};
