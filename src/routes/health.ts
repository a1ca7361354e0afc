/** Liveness and readiness probes. */
import { z } from 'zod';
import { json, type Route, route } from '../http/route.ts';

export interface Readiness {
  /** Names of the components that are not usable now. Empty means ready. */
  check(): Promise<string[]>;
}

const notReady = z.strictObject({ status: z.literal('not ready'), failing: z.array(z.string()) });

export function healthRoutes({ readiness }: { readiness: Readiness }): Route[] {
  return [
    route({
      method: 'get',
      path: '/health',
      summary: 'Whether the process lives',
      access: 'all',
      answers: { 200: json('It lives', z.strictObject({ status: z.literal('ok') })) },
      handle(_request, response) {
        response.json({ status: 'ok' });
      },
    }),
    route({
      method: 'get',
      path: '/ready',
      summary: 'Whether the process can do its work',
      access: 'all',
      answers: {
        200: json('It is ready', z.strictObject({ status: z.literal('ready') })),
        503: json('These components are not usable', notReady),
      },
      async handle(_request, response) {
        const failing = await readiness.check();
        response
          .status(failing.length === 0 ? 200 : 503)
          .json(failing.length === 0 ? { status: 'ready' } : { status: 'not ready', failing });
      },
    }),
  ];
}
