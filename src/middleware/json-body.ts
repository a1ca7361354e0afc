/** Reads a JSON body of at most 100 kB and checks its shape; refuses every other kind. */
import express, { type RequestHandler } from 'express';
import type { z } from 'zod';
import { HttpProblem } from './http-problem.ts';

// Compressed bodies are refused: at this size they spare nothing, and cost whatever they expand to.
const parse = express.json({ limit: '100kb', inflate: false });

export function jsonBody(schema: z.ZodType): RequestHandler[] {
  const refuseOtherTypes: RequestHandler = (request, _response, next) => {
    const hasBody =
      request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length']) > 0;
    if (hasBody && !request.is('application/json'))
      throw new HttpProblem(415, 'The body must be application/json.');
    next();
  };
  const validate: RequestHandler = (request, _response, next) => {
    request.body = schema.parse(request.body);
    next();
  };
  return [refuseOtherTypes, parse, validate];
}
