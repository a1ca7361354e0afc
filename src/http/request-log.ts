/** Assigns a request id and logs the outcome: method, path and status. Never logs a query, header or body. */
import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import type { Logger } from 'pino';
import { pinoHttp } from 'pino-http';
import { serializeError } from '../logger.ts';

/** A caller's own id is kept when it matches. */
const REQUEST_ID = /^[\w.:-]{1,128}$/;

/** Probes and Prometheus request these every few seconds. */
const UNLOGGED: ReadonlySet<string> = new Set(['/health', '/ready', '/metrics']);

export function requestLog({ logger }: { logger: Logger }): RequestHandler {
  return pinoHttp({
    logger,
    genReqId(request, response) {
      const given = request.headers['x-request-id'];
      const id = typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
      response.setHeader('X-Request-Id', id);
      return id;
    },
    autoLogging: { ignore: ({ url = '' }) => UNLOGGED.has(url) },
    customLogLevel: (_request, { statusCode }, error) => (error || statusCode >= 500 ? 'error' : 'info'),
    customErrorMessage: () => 'request failed',
    // pino-http's own serializers log headers and every field of an error. Ours receive the original objects.
    wrapSerializers: false,
    serializers: {
      err: serializeError,
      req: ({ id, method, originalUrl }: Request) => ({ id, method, path: originalUrl.split('?')[0] }),
      res: ({ statusCode }: { statusCode: number }) => ({ status: statusCode }),
    },
  });
}
