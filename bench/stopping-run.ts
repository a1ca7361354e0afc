/** Starts the service, loads it, and stops it with SIGTERM, repeatedly, with database logins leased from Vault. */
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { startSandbox } from '../sandbox/sandbox.ts';
import { startService } from '../sandbox/service.ts';
import { type Lost, startCallers } from './callers.ts';

export interface Stop {
  answered: number;
  lost: Lost[];
  /** Remaining database logins of those that Vault leased to it. */
  leases: number;
  /** Exit reason, for example `exit code 0`. */
  end: string;
  /** Milliseconds from the signal to the end of the process. */
  milliseconds: number;
}

export interface StoppingOptions {
  times: number;
  /** Callers that keep their connection alive. Default 200. */
  keeping?: number;
  /** Callers that open a connection per request. Default 100. */
  connecting?: number;
}

export async function* stopUnderLoad({ times, keeping = 200, connecting = 100 }: StoppingOptions) {
  const sandbox = await startSandbox({ provider: 'vault', leases: { defaultTtl: 600, maxTtl: 600 } });
  const administrator = new Client({ ...sandbox.postgres.connection, database: 'myapp' });
  try {
    await administrator.connect();
    const leasedLogins = async () =>
      (await administrator.query("SELECT FROM pg_roles WHERE rolname LIKE 'v-approle-%'")).rowCount ?? 0;
    for (let time = 0; time < times; time += 1) {
      const service = startService({
        environment: { ...sandbox.environment, LOG_LEVEL: 'warn' },
        reaper: sandbox.reaper,
      });
      service.process.stdout?.pipe(process.stderr, { end: false });
      service.process.stderr?.pipe(process.stderr, { end: false });
      if (!(await service.ready)) throw new Error('The service did not start.');
      const callers = startCallers({
        url: service.url,
        token: await logIn(service.url, sandbox.user),
        keeping,
        connecting,
      });
      // Each stop comes at a different moment of the load.
      await delay(500 + Math.random() * 500);

      const signalled = performance.now();
      service.process.kill('SIGTERM');
      const [end, { answered, lost }] = await Promise.all([service.ended, callers.ended]);
      const milliseconds = Math.round(performance.now() - signalled);
      yield { answered, lost, leases: await leasedLogins(), end, milliseconds } satisfies Stop;
    }
  } finally {
    await administrator.end();
    await sandbox.close();
  }
}

async function logIn(url: string, user: { email: string; password: string }): Promise<string> {
  const response = await fetch(`${url}/auth/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(user),
  });
  return ((await response.json()) as { token: string }).token;
}
