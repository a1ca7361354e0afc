/** Runs `npm run secrets` against the sandbox, as a separate process with the identity that may write. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Sandbox } from './sandbox.ts';
import { serviceEnvironment } from './service-environment.ts';

const ENTRY = fileURLToPath(new URL('../src/cli/secrets.ts', import.meta.url));

export interface SecretsCommandOptions {
  /** For example `['rotate', 'database']`. */
  parameters: string[];
  /** Added to the sandbox's environment. */
  settings?: Record<string, string>;
  /** Standard input. */
  input?: string;
  /** Receives each line of output. */
  onLine?: (line: string) => void;
}

export function startSecretsCommand(
  { environment, writer, reaper }: Pick<Sandbox, 'environment' | 'writer' | 'reaper'>,
  { parameters, settings = {}, input = '', onLine = () => {} }: SecretsCommandOptions,
) {
  const child = spawn(process.execPath, [ENTRY, ...parameters], {
    env: serviceEnvironment({ ...environment, ...writer, ...settings }),
    stdio: ['pipe', 'pipe', 'pipe'],
    windowsHide: true,
  });
  reaper.watch(child);
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      onLine(line);
    });
  return {
    process: child,
    /** Exit code and output. The code is null after a signal. */
    ended: once(child, 'close').then(([code]) => ({ code: code as number | null, lines })),
  };
}
