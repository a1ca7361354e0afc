/** Turns an error of a route into a problem document. It contains only what the caller may know. */
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { z } from 'zod';
import { isUnavailable } from '../clients/database/errors.ts';
import { InvalidTokenError } from '../clients/jwt.ts';
import { SecretError } from '../errors.ts';
import { HttpProblem, type ProblemDocument, problemDocument } from './problem.ts';

export const notFound: RequestHandler = (request) => {
  throw new HttpProblem(404, `Nothing is at ${request.path}.`);
};

export const errorHandler: ErrorRequestHandler = (error, request, response, _next) => {
  const problem = toProblem(error);
  // The request log writes it together with the outcome.
  if (problem.status >= 500) response.err = error;
  // Too late for a status. A broken connection shows the caller that the answer is incomplete.
  if (response.headersSent) return void response.destroy();
  if (problem.status === 503) response.set('Retry-After', RETRY_AFTER);
  if (error instanceof HttpProblem) response.set(error.headers);
  response
    .status(problem.status)
    .type('application/problem+json')
    .send(JSON.stringify({ ...problem, requestId: request.id }));
};

function toProblem(error: unknown): ProblemDocument {
  if (error instanceof HttpProblem) return problemDocument(error.status, error.message);
  if (error instanceof z.ZodError)
    return {
      ...problemDocument(400, 'The request is not valid.'),
      errors: error.issues.slice(0, FAULTS).map(({ path, message }) => ({ path: path.join('.'), message })),
    };
  if (error instanceof InvalidTokenError) return problemDocument(401, 'The token is not valid.');
  if (isOfCaller(error)) return problemDocument(error.status, 'The request is not valid.');
  if (error instanceof SecretError)
    return problemDocument(503, 'A secret of this service is not usable now.');
  if (error instanceof URIError) return problemDocument(400, 'The path is badly encoded.');
  if (isUnavailable(error)) return problemDocument(503, 'The database does not answer.');
  return problemDocument(500, 'The service failed. Search its log for the request id.');
}

/** Express marks an error of the caller with `expose` and a status. */
const isOfCaller = (error: unknown): error is { status: number } => {
  const { status, expose } = (error ?? {}) as { status?: unknown; expose?: unknown };
  return expose === true && typeof status === 'number' && status < 500;
};

/** Faults in one answer. Without a limit, a short request could cause a long answer. */
const FAULTS = 20;

/** Seconds: the time in which another secret or server usually comes into use. */
const RETRY_AFTER = '5';
