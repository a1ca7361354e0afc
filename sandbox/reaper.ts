/**
 * Ensures that nothing outlives the sandbox. A small process notices when the sandbox has ended, even by SIGKILL, and
 * then kills the processes and removes the directories that were registered.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { realpathSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { isAbsolute, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Reaper {
  /** Ends the child with `signal` (default SIGTERM), and two seconds later it and its process group with SIGKILL. */
  watch(child: ChildProcess, signal?: NodeJS.Signals): void;
  /** Removes the directory, which must exist below the system's temporary directory. */
  remove(directory: string): void;
  /** Resolves when the reaper has ended. Before `close()` that means that it was killed. */
  readonly ended: Promise<void>;
  /** Reaps what is left, and resolves when that is done. */
  close(): Promise<void>;
}

/** One line of JSON each, from here to `reaper-process.ts`. */
export type Message =
  | { kind: 'watch'; pid: number; signal: NodeJS.Signals }
  | { kind: 'release'; pid: number }
  | { kind: 'remove'; directory: string };

export function startReaper(): Reaper {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.resolve('./reaper-process.ts'))], {
    // A process group of its own: Ctrl-C must not reach it.
    detached: true,
    // Neither this process's secrets nor its NODE_OPTIONS, such as an inspector's port.
    env: {},
    cwd: tmpdir(),
    stdio: ['pipe', 'ignore', 'ignore'],
    windowsHide: true,
  });
  const exited = once(child, 'exit').then(() => {});
  // `ended` reports the exit.
  child.stdin.on('error', () => {});
  // The reaper waits for this process, so this process must not wait for the reaper.
  child.unref();
  (child.stdin as Socket).unref();

  const send = (message: Message) => void child.stdin.write(`${JSON.stringify(message)}\n`);

  return {
    ended: exited,
    watch(watched, signal = 'SIGTERM') {
      const { pid } = watched;
      if (pid === undefined) return;
      send({ kind: 'watch', pid, signal });
      // The system may soon give the pid to an unrelated process.
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

/** The real path, so that neither `..` nor a symbolic link leads elsewhere. On macOS, TMPDIR itself is behind a link. */
function temporary(directory: string): string {
  if (!isAbsolute(directory)) throw new RangeError(`Not an absolute path: ${directory}`);
  const path = realpathSync(directory);
  const inside = relative(realpathSync(tmpdir()), path);
  if (inside === '' || inside.startsWith('..') || isAbsolute(inside))
    throw new RangeError(`Only directories below ${tmpdir()} may be removed, not ${directory}`);
  return path;
}
