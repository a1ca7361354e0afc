/** The process behind `reaper.ts`: collects what to reap from stdin, and reaps it when stdin ends. */
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { Message } from './reaper.ts';

const GRACE = 2_000;

const processes = new Map<number, NodeJS.Signals>();
const directories = new Set<string>();

// A signal may be meant for every Node process of the user (`killall node`). This one must outlive the others.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

const lines = createInterface({ input: process.stdin });
process.stdin.on('error', () => lines.close());
for await (const line of lines) {
  const message = parse(line);
  if (message?.kind === 'watch') processes.set(message.pid, message.signal);
  if (message?.kind === 'release') processes.delete(message.pid);
  if (message?.kind === 'remove') directories.add(message.directory);
}

await Promise.all([...processes].map(([pid, signal]) => end(pid, signal)));
const removals = [...directories].map((directory) =>
  rm(directory, { recursive: true, force: true, maxRetries: 8, retryDelay: 50 }),
);
await Promise.allSettled(removals);

/** The last line may be cut short. */
function parse(line: string): Message | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** First signals the process alone: it ends its children in better order than a signal to each would. */
async function end(pid: number, signal: NodeJS.Signals) {
  const deadline = Date.now() + GRACE;
  send(pid, signal);
  let alive = sendToGroup(pid, 0);
  while (alive && Date.now() < deadline) {
    await delay(20);
    alive = sendToGroup(pid, 0);
  }
  if (alive) sendToGroup(pid, 'SIGKILL');
}

/** To the process group that a detached child leads, else to the process. False when neither exists. */
function sendToGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  return send(-pid, signal) || send(pid, signal);
}

function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
