/** A route as data: what the application mounts, what the OpenAPI document says, and what tests sweep over. */
import type { Request, RequestHandler, Response } from 'express';
import type { z } from 'zod';
import { problemSchema } from './problem.ts';

export interface Route<Body = unknown> {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** In Express's syntax: `/things/:id`. */
  path: string;
  /** One short sentence without a full stop. */
  summary: string;
  /** Who may call it: every caller, callers with a valid token, or callers with the role admin. */
  access: 'all' | 'token' | 'admin';
  /** Checked before the body is read; the handler finds them where Express puts them. Names of headers in lower case. */
  parameters?: { path?: z.ZodObject; query?: z.ZodObject; header?: z.ZodObject };
  /** The JSON body. The handler finds what this made of it in `request.body`; a route without one reads no body. */
  body?: z.ZodType<Body>;
  /** What the route itself may answer, by status. What `access`, `parameters` and `body` bring is added by `answersOf`. */
  answers: Answers;
  /** A file that a page loads: left out of the OpenAPI document. */
  isAsset?: boolean;
  /** Run once the caller is known and before the body is read, to limit rates for example. */
  before?: RequestHandler[];
  handle(request: Request<Record<string, string>, unknown, Body>, response: Response): void | Promise<void>;
}

export type Answers = Record<number, Answer>;

export interface Answer {
  description: string;
  /** The shape of the answer by media type. */
  content: Record<string, z.ZodType>;
}

/** Infers the type of the body in `handle` from the schema. */
export const route = <Body>(definition: Route<Body>): Route => definition as Route;

export const json = (description: string, schema: z.ZodType): Answer => ({
  description,
  content: { 'application/json': schema },
});

export const problem = (description: string): Answer => ({
  description,
  content: { 'application/problem+json': problemSchema },
});

/** Every answer of a route. */
export const answersOf = ({ path, access, parameters, body, answers }: Route): Answers => ({
  ...((path.includes(':') || parameters || body) && {
    400: problem('The request is not what the route takes'),
  }),
  ...(body && {
    413: problem('The body is larger than 100 kB'),
    415: problem('The body is not JSON in UTF-8, or it is compressed'),
  }),
  ...(access !== 'all' && {
    401: problem('There is no valid token'),
    503: problem('The keys that tokens are verified with cannot be used now'),
  }),
  ...(access === 'admin' && { 403: problem('The caller is no administrator') }),
  ...answers,
});
