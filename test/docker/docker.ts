/** Docker's command line. */
import { type ExecFileOptions, execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export const run = promisify(execFile);

/** @returns what it writes to standard output. @throws Error with its standard error */
export async function docker(
  parameters: string[],
  { env = {}, ...options }: { env?: Record<string, string>; cwd?: string; timeout?: number } = {},
): Promise<string> {
  const settings: ExecFileOptions = {
    cwd: ROOT,
    maxBuffer: 64 * 1024 * 1024,
    timeout: 900_000,
    ...options,
    env: { ...process.env, ...env },
  };
  const { stdout } = await run('docker', parameters, settings);
  return String(stdout).trim();
}
