/** One part of the run, as a process group of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

export interface Part {
  name: string;
  /** For a shell, in the root of the repository. */
  command: string;
  /** Cores that it keeps busy. Below 1 for a part that mostly waits. */
  cores: number;
}

export interface Result {
  name: string;
  seconds: number;
  succeeded: boolean;
  /** What it printed. */
  output: string;
}

/** Milliseconds after which a part is stopped and has failed. */
const LIMIT = 20 * 60_000;

/** Process groups that run, so that none outlives this process. */
const groups = new Set<number>();

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    for (const group of groups) stop(group);
    process.exit(1);
  });

/** @param log the file that its output goes to */
export async function runPart({ name, command }: Part, log: string): Promise<Result> {
  const started = performance.now();
  const file = openSync(log, 'w');
  const child = spawn(command, { shell: true, detached: true, stdio: ['ignore', file, file] });
  closeSync(file);
  const group = child.pid ?? 0;
  groups.add(group);
  const timer = setTimeout(() => stop(group), LIMIT);
  const [code] = await once(child, 'exit');
  clearTimeout(timer);
  groups.delete(group);
  const seconds = (performance.now() - started) / 1000;
  return { name, seconds, succeeded: code === 0, output: await readFile(log, 'utf8') };
}

function stop(group: number) {
  try {
    process.kill(-group, 'SIGTERM');
  } catch {
    // It has ended in between.
  }
}
