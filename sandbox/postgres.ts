/**
 * A real PostgreSQL: copied, initialised and started below one temporary directory, on a free loopback port.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClientConfig } from 'pg';
import { freePort } from './http.ts';
import { stageBinaries } from './postgres-binaries.ts';
import { type Cluster, createCluster } from './postgres-cluster.ts';
import { run } from './postgres-process.ts';
import { give, makeDirectory, unprivilegedUser } from './postgres-user.ts';
import type { Reaper } from './reaper.ts';

export interface PostgresOptions {
  /** An existing, absolute path, private to the sandbox. The caller removes it. Receives `postgresql`. */
  directory: string;
  /** Ends the server when this process cannot. */
  reaper?: Pick<Reaper, 'watch'>;
  maxConnections?: number;
  /** Milliseconds until the server must accept connections. */
  timeout?: number;
}

export interface Postgres {
  host: string;
  port: number;
  pid: number | undefined;
  /** Connects as the superuser. */
  connection: ClientConfig & { host: string; port: number };
  /** Resolves when the server has ended: to undefined after `stop()`, otherwise to the reason. */
  exited: Promise<Error | undefined>;
  /** Ends every session and the server, then starts it again on the same port after `after` ms (default 0). */
  restart(options?: { after?: number }): Promise<void>;
  /** Ends every session and the server, within six seconds. */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';

export async function startPostgres({
  directory,
  reaper,
  maxConnections = 100,
  timeout = 30_000,
}: PostgresOptions): Promise<Postgres> {
  const user = unprivilegedUser();
  const root = join(directory, 'postgresql');
  const data = join(root, 'data');

  // The other user may pass through this directory, not list it.
  if (user) chmodSync(directory, 0o711);
  makeDirectory(root);
  mkdirSync(data, { mode: 0o700 });
  give(data, user);
  const binaries = stageBinaries(root, user !== undefined);

  const password = randomBytes(24).toString('base64url');
  const cluster = { binaries, root, data, user, reaper, password };
  await createCluster(cluster);
  return start(cluster, { maxConnections, timeout }, 5);
}

interface StartOptions {
  maxConnections: number;
  timeout: number;
}

async function start(cluster: Cluster, options: StartOptions, attempts: number): Promise<Postgres> {
  const port = await freePort();
  const first = await launch(cluster, port, options);
  if (first.failure) {
    // Another process took the port in between.
    const isConflict = first.log.some((line) => line.includes('could not bind'));
    if (isConflict && attempts > 1) return start(cluster, options, attempts - 1);
    throw first.failure;
  }

  const exited = Promise.withResolvers<Error | undefined>();
  let server = first;
  let stopping = false;
  const watch = () =>
    server.ended.then(({ reason }) => {
      if (!stopping) exited.resolve(reason);
    });
  void watch();

  return {
    host: HOST,
    port,
    get pid() {
      return server.pid;
    },
    connection: { host: HOST, port, user: 'postgres', password: cluster.password, database: 'postgres' },
    exited: exited.promise,
    async restart({ after = 0 } = {}) {
      stopping = true;
      await server.stop();
      await delay(after);
      server = await launch(cluster, port, options);
      if (server.failure) throw server.failure;
      stopping = false;
      void watch();
    },
    async stop() {
      stopping = true;
      await server.stop();
      exited.resolve(undefined);
    },
  };
}

type Server = ReturnType<typeof run>;

/** Resolves to undefined once the server accepts connections, or to the reason why it does not. */
async function launch(
  cluster: Cluster,
  port: number,
  { maxConnections, timeout }: StartOptions,
): Promise<Server & { failure: Error | undefined }> {
  const settings = Object.entries(serverSettings(port, maxConnections));
  const server = run(
    'postgres',
    ['-D', cluster.data, ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    cluster,
  );
  const ready = new Promise<undefined>((resolve) => {
    server.lines.on('line', (line) => line.includes('ready to accept connections') && resolve(undefined));
  });
  const failure = await Promise.race([
    ready,
    server.ended.then(({ reason }) => reason),
    delay(timeout, new Error(`PostgreSQL was not ready after ${timeout} ms.`), { ref: false }),
  ]);
  if (failure) await server.stop();
  return { ...server, failure };
}

const serverSettings = (port: number, maxConnections: number) => ({
  listen_addresses: HOST,
  port,
  unix_socket_directories: '',
  max_connections: maxConnections,
  // The data is needed only as long as the process runs.
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  // In the data directory instead of /dev/shm, where a killed server would leave it behind.
  dynamic_shared_memory_type: process.platform === 'win32' ? 'windows' : 'mmap',
  // A failed statement may contain a password, and the log may end up in an error message.
  log_min_error_statement: 'panic',
});
