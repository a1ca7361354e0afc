/** Reports the outcome and the duration of each request. */
import type { RequestHandler } from 'express';

export interface Answered {
  method: string;
  /** The pattern, such as `/things/:id`. `none` for other paths, because callers could create any number of labels. */
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
