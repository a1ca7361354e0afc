/** A real round trip to the database with the credentials in use. */
import { z } from 'zod';
import type { Database } from '../clients/database/database.ts';
import { HttpProblem } from '../http/problem.ts';
import { json, problem, type Route, route } from '../http/route.ts';

/** Reads a table, because a role without any rights can still read its own name. */
const ROUND_TRIP = `
  SELECT current_user AS user, current_setting('server_version') AS version, EXISTS (SELECT FROM users)`;

interface Row {
  user: string;
  version: string;
}

const roundTrip = z.strictObject({
  connected: z.literal(true),
  latencyMs: z.number(),
  user: z.string(),
  serverVersion: z.string(),
});

export function dbTestRoutes({ database }: { database: Database }): Route[] {
  return [
    route({
      method: 'post',
      path: '/db-test',
      summary: 'A round trip to the database',
      access: 'token',
      answers: {
        200: json('The latency, the database user and the server version', roundTrip),
        503: problem('The database does not answer'),
      },
      async handle(_request, response) {
        const started = performance.now();
        const { rows } = await database.read<Row>(ROUND_TRIP).catch((cause: unknown) => {
          throw new HttpProblem(503, 'The database does not answer.', { cause });
        });
        const latencyMs = Math.round((performance.now() - started) * 100) / 100;
        response.json({ connected: true, latencyMs, user: rows[0]?.user, serverVersion: rows[0]?.version });
      },
    }),
  ];
}
