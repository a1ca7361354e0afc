/** Checks the bearer token and the role of a caller. */
import type { RequestHandler, Response } from 'express';
import { type Claims, InvalidTokenError, type Tokens } from '../clients/jwt.ts';
import { HttpProblem } from './problem.ts';

const challenge = (error: string) => ({ 'WWW-Authenticate': `Bearer realm="api"${error}` });

/** Stores the caller for `callerOf`. @throws HttpProblem 401 */
export function authenticate({ tokens }: { tokens: Tokens }): RequestHandler {
  return async (request, response, next) => {
    const [, token] = /^Bearer +([\w.~+/=-]+)$/i.exec(request.headers.authorization ?? '') ?? [];
    if (!token) throw new HttpProblem(401, 'This needs a bearer token.', { headers: challenge('') });
    try {
      response.locals.caller = await tokens.verify(token);
    } catch (cause) {
      if (!(cause instanceof InvalidTokenError)) throw cause;
      throw new HttpProblem(401, 'The token is not valid.', {
        headers: challenge(', error="invalid_token"'),
        cause,
      });
    }
    next();
  };
}

/** @throws HttpProblem 403 unless the caller has the role */
export function requireRole(role: string): RequestHandler {
  return (_request, response, next) => {
    if (callerOf(response).role !== role) throw new HttpProblem(403, `This needs the role ${role}.`);
    next();
  };
}

/** The caller. Available after `authenticate`. */
export const callerOf = (response: Response): Claims => response.locals.caller as Claims;
