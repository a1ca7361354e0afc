/** Tells of each request how it ended and how long it took. */
import type { RequestHandler } from 'express';

export interface Answered {
  method: string;
  /** As the route is written, `/things/:id`; `none` where no route has the path: what callers make up is no label. */
  route: string;
  status: number;
  milliseconds: number;
}

export function measureRequests({ onAnswered }: { onAnswered: (request: Answered) => void }): RequestHandler {
  return (request, response, next) => {
    const started = performance.now();
    response.once('close', () =>
      onAnswered({
        method: request.method,
        route: request.route?.path ?? 'none',
        status: response.statusCode,
        milliseconds: performance.now() - started,
      }),
    );
    next();
  };
}
