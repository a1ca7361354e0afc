/** Starts the service, loads it, and stops it with SIGTERM, again and again, with database logins that Vault leases. */
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { startSandbox } from '../sandbox/sandbox.ts';
import { startService } from '../sandbox/service.ts';
import { type Lost, startCallers } from './callers.ts';

export interface Stop {
  answered: number;
  lost: Lost[];
  /** Database logins that are left of those that Vault leased to it. */
  leases: number;
  /** How the process ended, for example `exit code 0`. */
  end: string;
  /** From the signal to the end of the process. */
  milliseconds: number;
}

export interface StoppingOptions {
  times: number;
  /** Callers who keep their connection alive. Default 200. */
  keeping?: number;
  /** Callers who connect anew for each request. Default 100. */
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
      // Each stop comes at another moment of the load.
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
