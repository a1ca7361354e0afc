/** A real round trip to the database with the credentials in use. */
import { type RequestHandler, Router } from 'express';
import type { Database } from '../clients/database.ts';
import { HttpProblem } from '../middleware/http-problem.ts';

/** Uses a table, because a role without any rights left could still tell its own name. */
const ROUND_TRIP = `
  SELECT current_user AS user, current_setting('server_version') AS version, EXISTS (SELECT FROM users)`;

interface Row {
  user: string;
  version: string;
}

export function dbTestRoutes({
  database,
  authenticated,
}: {
  database: Database;
  authenticated: RequestHandler;
}): Router {
  return Router().post('/db-test', authenticated, async (_request, response) => {
    const started = performance.now();
    const { rows } = await database.query<Row>(ROUND_TRIP).catch((cause: unknown) => {
      throw new HttpProblem(503, 'The database does not answer.', { cause });
    });
    const latencyMs = Math.round((performance.now() - started) * 100) / 100;
    response.json({ connected: true, latencyMs, user: rows[0]?.user, serverVersion: rows[0]?.version });
  });
}
