/**
 * Reads a JSON body of at most 100 kB and checks its shape; refuses every other kind. Express's own parser would
 * answer only after the last byte of a body that is too large, and takes other encodings than UTF-8.
 */
import { MIMEType } from 'node:util';
import type { Request, RequestHandler } from 'express';
import readBody from 'raw-body';
import type { z } from 'zod';
import { HttpProblem } from './problem.ts';

/** Bytes. */
const LIMIT = 100 * 1024;

export const jsonBody =
  (schema: z.ZodType): RequestHandler =>
  async (request, _response, next) => {
    request.body = schema.parse(await readJson(request));
    next();
  };

async function readJson(request: Request): Promise<unknown> {
  const { headers } = request;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > 0;
  if (!hasBody) return undefined;
  if (!isJson(headers['content-type']))
    throw new HttpProblem(415, 'The body must be application/json in UTF-8.');
  // At this size compression spares nothing, and an expanded body may have any size.
  if (headers['content-encoding'] !== undefined)
    throw new HttpProblem(415, 'The body must not be compressed.');

  const bytes = await readBody(request, { length: headers['content-length'] ?? null, limit: LIMIT }).catch(
    (cause) => {
      if (cause.type === 'entity.too.large')
        throw new HttpProblem(413, 'The body is larger than 100 kB.', { cause });
      throw new HttpProblem(400, 'The body is cut off.', { cause });
    },
  );
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new HttpProblem(400, 'The body is not valid JSON.', { cause });
  }
}

function isJson(contentType = ''): boolean {
  try {
    const { essence, params } = new MIMEType(contentType);
    return essence === 'application/json' && /^utf-?8$/i.test(params.get('charset') ?? 'utf-8');
  } catch {
    return false;
  }
}
