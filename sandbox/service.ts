/** Runs the production entry `src/server.ts` as a separate process and reports when it is ready and when it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Reaper } from './reaper.ts';
import { serviceEnvironment } from './service-environment.ts';

const ENTRY = fileURLToPath(new URL('../src/server.ts', import.meta.url));

export interface Service {
  /** Known once the service is ready. */
  readonly url: string;
  process: ChildProcess;
  /** Resolves to true when it listens, with its secrets proven; to false when it ends before that. */
  ready: Promise<boolean>;
  /** The exit reason, for example `exit code 78`. */
  ended: Promise<string>;
  /** Sends SIGTERM, then SIGKILL after 12 s. Resolves when the service has ended. */
  stop(): Promise<void>;
}

export interface ServiceOptions {
  environment: Record<string, string>;
  /** Default: any free port. */
  port?: number;
  reaper?: Reaper;
}

export function startService({ environment, port = 0, reaper }: ServiceOptions): Service {
  const child = spawn(process.execPath, [ENTRY], {
    env: serviceEnvironment({ HOST: '127.0.0.1', PORT: String(port), ...environment }),
    // The IPC channel on which the service reports its port.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A process group of its own: Ctrl-C reaches only the parent, which stops the service once and in order.
    detached: true,
    windowsHide: true,
  });
  reaper?.watch(child);
  let running = true;
  let listeningOn = port;
  const ended = once(child, 'close').then(([code, signal]) => {
    running = false;
    return signal ? `signal ${signal}` : `exit code ${code}`;
  });
  const ready = new Promise<boolean>((resolve) => {
    child.on('message', (message: { kind: string; port: number }) => {
      if (message.kind !== 'listening') return;
      listeningOn = message.port;
      resolve(true);
    });
    void ended.then(() => resolve(false));
  });

  return {
    get url() {
      return `http://127.0.0.1:${listeningOn}`;
    },
    process: child,
    ready,
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

/** Whether this port of 127.0.0.1 is free. */
export const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
