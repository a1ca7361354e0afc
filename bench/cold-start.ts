/**
 * `npm run bench:cold-start [-- --provider …]`: time from process start to listening, of the service and of a bare app
 * with the same libraries and reads. The runs alternate, so that load on the machine affects both.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseSandboxOptions } from '../sandbox/arguments.ts';
import { startSandbox } from '../sandbox/sandbox.ts';
import { serviceEnvironment } from '../sandbox/service-environment.ts';

const RUNS = 15;
const path = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const SERVICE = path('../src/start.ts');
const BARE = path('./bare-app.js');

const options = parseSandboxOptions();
const { provider } = options;
const sandbox = await startSandbox(options);
const env = serviceEnvironment({ ...sandbox.environment, HOST: '127.0.0.1', PORT: '0' });

async function listening(child: ChildProcess): Promise<void> {
  if (!child.stdout) return;
  for await (const line of createInterface({ input: child.stdout })) if (line.includes('"listening"')) return;
  throw new Error('The process ended before it listened.');
}

async function measure(entry: string): Promise<number> {
  const started = performance.now();
  const child = spawn(process.execPath, [entry], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  await listening(child);
  const elapsed = performance.now() - started;
  child.kill('SIGKILL');
  await once(child, 'close');
  return elapsed;
}

const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

try {
  await measure(SERVICE);
  await measure(BARE);
  const runs: { service: number; bare: number }[] = [];
  for (let run = 0; run < RUNS; run += 1)
    runs.push({ service: await measure(SERVICE), bare: await measure(BARE) });
  const service = median(runs.map((run) => run.service));
  const bare = median(runs.map((run) => run.bare));
  const ratio = median(runs.map((run) => run.service / run.bare));
  console.log(
    `${provider}, median of ${RUNS} runs each: service ${service.toFixed(0)} ms, bare app ${bare.toFixed(0)} ms, ratio ${ratio.toFixed(2)}`,
  );
} finally {
  await sandbox.close();
}
