/** One of PostgreSQL's programs as a child process: the end of its log, its exit reason, and how it is stopped. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { User } from './postgres-user.ts';
import type { Reaper } from './reaper.ts';

export interface ProcessOptions {
  /** Directory of the programs. */
  binaries: string;
  /** The working directory. */
  root: string;
  user: User | undefined;
  reaper: Pick<Reaper, 'watch'> | undefined;
  /** Standard input. Default: none. */
  input?: string;
}

const LOG_LINES = 20;

const HINTS: Record<string, string> = {
  ENOENT: 'these binaries need glibc 2.27 or later, which Alpine Linux does not have.',
  EACCES:
    'the temporary directory must allow execution (no `noexec`) and access by other users. Set TMPDIR to another directory.',
};

/** Fast shutdown, immediate shutdown, kill; each with its time limit in milliseconds. */
const ESCALATION = [
  ['SIGINT', 4_000],
  ['SIGQUIT', 1_000],
  ['SIGKILL', 1_000],
] as const;

export function run(
  program: string,
  parameters: string[],
  { binaries, root, user, reaper, input }: ProcessOptions,
) {
  const child = spawn(join(binaries, program), parameters, {
    ...user,
    cwd: root,
    // The environment is empty: no PG* variables, no secrets. With TZ set, initdb does not search all time zones.
    env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
    // A process group of its own: Ctrl-C reaches only this process, which then stops the server in order.
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
    windowsHide: true,
  });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  // SIGQUIT is PostgreSQL's immediate shutdown: no checkpoint, but no process or shared memory remains.
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
      const reason = new Error(`Cannot start ${program}: ${hint ?? cause.message}`, { cause });
      resolve({ code: null, reason });
    });
    child.once('close', (code, signal) => {
      const reason = new Error(`${program} ended with ${signal ?? `code ${code}`}:\n${log.join('\n')}`);
      resolve({ code, reason });
    });
  });

  return {
    pid: child.pid,
    /** Its log lines, as they come. */
    lines,
    /** The last log lines. */
    log,
    ended,
    async stop() {
      for (const [signal, patience] of ESCALATION) {
        child.kill(signal);
        const hasEnded = ended.then(() => true);
        if (await Promise.race([hasEnded, delay(patience, false, { ref: false })])) return;
      }
    },
  };
}
