/** One of PostgreSQL's programs as a child process: the end of its log, why it ended, how to stop it. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { User } from './postgres-user.ts';
import type { Reaper } from './reaper.ts';

export interface ProcessOptions {
  /** Where the programs are. */
  binaries: string;
  /** The working directory. */
  root: string;
  user: User | undefined;
  reaper: Pick<Reaper, 'watch'> | undefined;
}

const LOG_LINES = 20;

const HINTS: Record<string, string> = {
  ENOENT: 'these binaries need glibc 2.27 or later, which Alpine Linux does not have.',
  EACCES:
    'the temporary directory must allow execution (no `noexec`) and let other users through; try another TMPDIR.',
};

/** Fast shutdown, immediate shutdown, the end; each with the milliseconds it is given. */
const ESCALATION = [
  ['SIGINT', 4_000],
  ['SIGQUIT', 1_000],
  ['SIGKILL', 1_000],
] as const;

export function run(program: string, parameters: string[], { binaries, root, user, reaper }: ProcessOptions) {
  const child = spawn(join(binaries, program), parameters, {
    ...user,
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
    /** What it logs, as it comes. */
    lines,
    /** The last lines it logged. */
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
