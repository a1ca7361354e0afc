/**
 * Lets nothing outlive the sandbox: a small process beside it notices when it has ended, even by
 * SIGKILL, and then kills the processes and removes the directories it was told about.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { realpathSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { isAbsolute, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Reaper {
  /** Ends the child with `signal` (default SIGTERM), two seconds later with SIGKILL, as well as its process group. */
  watch(child: ChildProcess, signal?: NodeJS.Signals): void;
  /** Removes the directory, which must exist below the system's temporary one. */
  remove(directory: string): void;
  /** Resolves when it has ended, which before `close()` means that somebody killed it. */
  readonly ended: Promise<void>;
  /** Reaps what is left, now, and resolves when that is done. */
  close(): Promise<void>;
}

/** A line of JSON each, from here to `reaper-process.ts`. */
export type Message =
  | { kind: 'watch'; pid: number; signal: NodeJS.Signals }
  | { kind: 'release'; pid: number }
  | { kind: 'remove'; directory: string };

export function startReaper(): Reaper {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.resolve('./reaper-process.ts'))], {
    // A group of its own: a terminal's Ctrl-C must not reach it.
    detached: true,
    // Neither this process's secrets nor its NODE_OPTIONS, such as an inspector's port.
    env: {},
    cwd: tmpdir(),
    stdio: ['pipe', 'ignore', 'ignore'],
    windowsHide: true,
  });
  const exited = once(child, 'exit').then(() => {});
  // Whoever started it learns of its end by `ended`.
  child.stdin.on('error', () => {});
  // It waits for this process, so this process must not wait for it.
  child.unref();
  (child.stdin as Socket).unref();

  const send = (message: Message) => void child.stdin.write(`${JSON.stringify(message)}\n`);

  return {
    ended: exited,
    watch(watched, signal = 'SIGTERM') {
      const { pid } = watched;
      if (pid === undefined) return;
      send({ kind: 'watch', pid, signal });
      // The system may soon give the same number to a stranger.
      watched.once('exit', () => send({ kind: 'release', pid }));
    },
    remove(directory) {
      send({ kind: 'remove', directory: temporary(directory) });
    },
    async close() {
      child.ref();
      child.stdin.end();
      await exited;
    },
  };
}

/** The real path, so that neither `..` nor a symbolic link leads elsewhere: macOS's own TMPDIR is behind one. */
function temporary(directory: string): string {
  if (!isAbsolute(directory)) throw new RangeError(`Not an absolute path: ${directory}`);
  const path = realpathSync(directory);
  const inside = relative(realpathSync(tmpdir()), path);
  if (inside === '' || inside.startsWith('..') || isAbsolute(inside))
    throw new RangeError(`Only directories below ${tmpdir()} may be removed, not ${directory}`);
  return path;
}
