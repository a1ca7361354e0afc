/** Runs the production entry `src/server.ts` as a process of its own and tells when it is ready and when it ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Reaper } from './reaper.ts';
import { serviceEnvironment } from './service-environment.ts';

const ENTRY = fileURLToPath(new URL('../src/server.ts', import.meta.url));

export interface Service {
  url: string;
  process: ChildProcess;
  /** Resolves when `/ready` says so, to false when the process ends before that. */
  ready: Promise<boolean>;
  /** How it ended, for example `exit code 78`. */
  ended: Promise<string>;
  /** SIGTERM, and SIGKILL for a process that does not mind it. Resolves when it has ended. */
  stop(): Promise<void>;
}

export interface ServiceOptions {
  environment: Record<string, string>;
  port: number;
  reaper?: Reaper;
}

export function startService({ environment, port, reaper }: ServiceOptions): Service {
  const child = spawn(process.execPath, [ENTRY], {
    env: serviceEnvironment({ HOST: '127.0.0.1', PORT: String(port), ...environment }),
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: Ctrl-C reaches the one who started it, who then stops it once and in order.
    detached: true,
    windowsHide: true,
  });
  reaper?.watch(child);
  const url = `http://127.0.0.1:${port}`;
  let running = true;
  const ended = once(child, 'close').then(([code, signal]) => {
    running = false;
    return signal ? `signal ${signal}` : `exit code ${code}`;
  });

  const pollUntilReady = async () => {
    while (running) {
      const response = await fetch(`${url}/ready`).catch(() => undefined);
      await response?.body?.cancel();
      if (response?.ok) return running;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    return false;
  };

  return {
    url,
    process: child,
    ready: pollUntilReady(),
    ended,
    async stop() {
      if (!running) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 12_000);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** `preferred` if nobody listens there, else any free port. */
export async function freePort(preferred = 0): Promise<number> {
  const tryPort = (port: number) =>
    new Promise<number | undefined>((resolve) => {
      const server = createServer();
      server.once('error', () => resolve(undefined));
      server.listen(port, '127.0.0.1', () => {
        const address = server.address();
        server.close(() => resolve(typeof address === 'object' ? address?.port : undefined));
      });
    });
  const port = (await tryPort(preferred)) ?? (await tryPort(0));
  if (port === undefined) throw new Error('There is no free port on 127.0.0.1.');
  return port;
}
