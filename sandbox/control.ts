/** HTTP endpoints that rotate secrets and inject faults in the running sandbox, for use with curl. */
import express from 'express';
import { z } from 'zod';
import { listen } from './http.ts';
import { ROTATABLE, type Sandbox } from './sandbox.ts';
import { startSecretsCommand } from './secrets-command.ts';
import { sandboxTtl } from './service-environment.ts';

const secretParameter = z.enum(ROTATABLE);
const faultBody = z.object({
  kind: z.enum([
    'latency',
    'hang',
    'slow-body',
    'reset',
    'malformed',
    'portal',
    'oversized',
    'throttled',
    'unavailable',
    'denied',
    'identity',
    'expired',
    'sealed',
    'standby',
  ]),
  /** Of `latency`. */
  milliseconds: z.number().int().positive().max(60_000).default(2_000),
  times: z.number().int().positive().optional(),
});

export async function startControl({ sandbox, port = 0 }: { sandbox: Sandbox; port?: number }) {
  const app = express();
  app.use(express.json());

  // Keys are made by hand on the sites of Stripe and SendGrid, so only the hard rotation exists.
  app.post('/rotate/external-api-keys', async (_request, response) => {
    await sandbox.rotateApiKeys();
    response.json({ rotated: 'external-api-keys' });
  });

  // As in production: two credentials overlap. With `?hard` the old one stops working at once.
  app.post('/rotate/:secret', async (request, response) => {
    const secret = secretParameter.parse(request.params.secret);
    if (request.query.hard !== undefined) {
      await sandbox.rotate(secret);
      return void response.json({ rotated: secret });
    }
    response.type('text/plain');
    const force = secret === 'jwt' && request.query.force !== undefined ? ['--force'] : [];
    const command = startSecretsCommand(sandbox, {
      parameters: ['rotate', secret, ...force],
      settings: { SECRET_TTL: sandboxTtl() },
      onLine: (line) => response.write(`${line}\n`),
    });
    response.on('close', () => command.process.kill());
    await command.ended;
    response.end();
  });

  app.post('/faults', (request, response) => {
    const { kind, milliseconds, times } = faultBody.parse(request.body);
    if (!sandbox.backend.faults)
      return void response.status(409).json({ error: 'Faults cannot be injected into files.' });
    sandbox.backend.faults.clear();
    const fault = kind === 'latency' ? { kind, milliseconds } : { kind };
    sandbox.backend.faults.inject(fault, times === undefined ? {} : { times });
    response.json({ injected: kind });
  });
  app.post('/lock-out', async (_request, response) => {
    await sandbox.lockOut(5_000);
    response.json({ locked: 'database' });
  });

  app.delete('/faults', (_request, response) => {
    sandbox.backend.faults?.clear();
    response.json({ injected: null });
  });
  app.use((error: Error, _request: express.Request, response: express.Response, _next: unknown) => {
    response.status(error instanceof z.ZodError ? 400 : 500).json({ error: error.message });
  });
  return listen(app, { port });
}
