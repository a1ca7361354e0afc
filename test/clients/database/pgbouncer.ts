/** A real PgBouncer in front of a PostgreSQL, where the machine has one (Debian: the package pgbouncer). */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { unprivilegedUser } from '../../../sandbox/postgres-user.ts';

interface Login {
  username: string;
  password: string;
}

export interface PgBouncerOptions {
  target: { host: string; port: number };
  /** Reads the passwords of all other users with `auth_query`. Default: only `users` may log in. */
  authUser?: Login;
  /** The users that PgBouncer has passwords of. */
  users?: Login[];
  poolMode: 'session' | 'transaction';
}

export const hasPgBouncer = (): boolean => spawnSync('pgbouncer', ['--version']).error === undefined;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export async function startPgBouncer({ target, authUser, users = [], poolMode }: PgBouncerOptions) {
  const directory = await mkdtemp(join(tmpdir(), 'pgbouncer-'));
  await chmod(directory, 0o755);
  const port = await freePort();
  const file = join(directory, 'users.txt');
  const known = authUser ? [...users, authUser] : users;
  await writeFile(file, known.map(({ username, password }) => `"${username}" "${password}"\n`).join(''));
  const configuration = join(directory, 'pgbouncer.ini');
  await writeFile(
    configuration,
    `[databases]
* = host=${target.host} port=${target.port}${authUser ? ` auth_user=${authUser.username}` : ''}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${file}
auth_query = SELECT usename, passwd FROM pg_shadow WHERE usename = $1
pool_mode = ${poolMode}
`,
  );
  const child = spawn('pgbouncer', [configuration], {
    ...unprivilegedUser(),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  for await (const line of createInterface({ input: child.stderr })) if (/process up/.test(line)) break;
  child.stderr.resume();
  return {
    port,
    async stop() {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
      await rm(directory, { recursive: true });
    },
  };
}
