/** A route as data. The application mounts it, the OpenAPI document describes it, and tests check it. */
import type { Request, RequestHandler, Response } from 'express';
import type { z } from 'zod';
import { problemSchema } from './problem.ts';

export interface Route<Body = unknown> {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** In Express's syntax: `/things/:id`. */
  path: string;
  /** One short phrase without a full stop. */
  summary: string;
  /** Required of the caller: nothing, a valid token, or a valid token with the role admin. */
  access: 'all' | 'token' | 'admin';
  /** Checked before the body is read. The handler reads the originals from Express. Header names are in lower case. */
  parameters?: { path?: z.ZodObject; query?: z.ZodObject; header?: z.ZodObject };
  /** The JSON body. `request.body` holds the parsed value. Without a schema, the body is not read. */
  body?: z.ZodType<Body>;
  /** The route's own answers by status. `answersOf` adds those of `access`, `parameters` and `body`. */
  answers: Answers;
  /** A file that a page loads: left out of the OpenAPI document. */
  isAsset?: boolean;
  /** Run after the caller is known and before the body is read, for example rate limits. */
  before?: RequestHandler[];
  handle(request: Request<Record<string, string>, unknown, Body>, response: Response): void | Promise<void>;
}

export type Answers = Record<number, Answer>;

export interface Answer {
  description: string;
  /** The shape of the answer by media type. */
  content: Record<string, z.ZodType>;
}

/** Infers the type of the body from the schema. */
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
    400: problem('The request is not valid'),
  }),
  ...(body && {
    413: problem('The body is larger than 100 kB'),
    415: problem('The body is not JSON in UTF-8, or it is compressed'),
  }),
  ...(access !== 'all' && {
    401: problem('There is no valid token'),
    503: problem('The keys that verify tokens are not usable now'),
  }),
  ...(access === 'admin' && { 403: problem('The caller is no administrator') }),
  ...answers,
});
