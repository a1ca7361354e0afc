/** Metrics for Prometheus. Every caller that reaches the port can read them: keep the port inside the cluster. */
import { z } from 'zod';
import { type Route, route } from '../http/route.ts';
import type { Metrics } from '../metrics.ts';

export function metricsRoutes({ metrics }: { metrics: Pick<Metrics, 'text' | 'contentType'> }): Route[] {
  return [
    route({
      method: 'get',
      path: '/metrics',
      summary: 'Numbers for Prometheus',
      access: 'all',
      answers: {
        200: { description: 'In the text format of Prometheus', content: { 'text/plain': z.string() } },
      },
      async handle(_request, response) {
        response.type(metrics.contentType).send(await metrics.text());
      },
    }),
  ];
}
