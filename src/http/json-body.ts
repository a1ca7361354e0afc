/**
 * Reads a JSON body of at most 100 kB in UTF-8 and checks its shape. Express's own parser answers 413 only after the
 * last byte of a body, expands compressed bodies and accepts UTF-16 and UTF-7.
 */
import { MIMEType } from 'node:util';
import type { Request, RequestHandler } from 'express';
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
  // Compression saves nothing at this size, and an expanded body can have any size.
  if (headers['content-encoding'] !== undefined)
    throw new HttpProblem(415, 'The body must not be compressed.');
  const bytes = await readBytes(request);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new HttpProblem(400, 'The body is not valid JSON.', { cause });
  }
}

/** Answers as soon as the limit is passed. Node discards the rest of the body. */
async function readBytes(request: Request): Promise<Buffer> {
  const tooLarge = () => new HttpProblem(413, 'The body is larger than 100 kB.');
  if (Number(request.headers['content-length']) > LIMIT) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // Leaving the loop must not destroy the connection that carries the answer.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      size += chunk.length;
      if (size > LIMIT) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    throw new HttpProblem(400, 'The body is incomplete.', { cause });
  }
  if (size > LIMIT) throw tooLarge();
  return Buffer.concat(chunks);
}

function isJson(contentType = ''): boolean {
  try {
    const { essence, params } = new MIMEType(contentType);
    return essence === 'application/json' && /^utf-?8$/i.test(params.get('charset') ?? 'utf-8');
  } catch {
    return false;
  }
}
