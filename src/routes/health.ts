/** Is the process alive, and can it do its work? */
import { Router } from 'express';

export interface Readiness {
  /** The components that are not usable right now, by name. Empty means ready. */
  check(): Promise<string[]>;
}

export function healthRoutes({ readiness }: { readiness: Readiness }): Router {
  return Router()
    .get('/health', (_request, response) => {
      response.json({ status: 'ok' });
    })
    .get('/ready', async (_request, response) => {
      const failing = await readiness.check();
      response
        .status(failing.length === 0 ? 200 : 503)
        .json(failing.length === 0 ? { status: 'ready' } : { status: 'not ready', failing });
    });
}
