/** Independent implementations of the backends, as far as this machine can have them, on free ports of 127.0.0.1. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '../../sandbox/http.ts';
import type { Reaper } from '../../sandbox/reaper.ts';

const MOTO = 'moto[server]==5.2.5';

const cache = fileURLToPath(new URL('../../node_modules/.cache/interop', import.meta.url));
export const run = promisify(execFile);

/** Why a part cannot be had here: no failure. */
export class Unavailable extends Error {}

export const unavailable =
  (message: string) =>
  (cause: unknown): never => {
    throw new Unavailable(message, { cause });
  };

/** The first of the programs that is on the path. @throws Unavailable */
export function find(...programs: string[]): string {
  for (const program of programs)
    for (const folder of (process.env.PATH ?? '').split(delimiter))
      try {
        accessSync(join(folder, program), constants.X_OK);
        return join(folder, program);
      } catch {}
  throw new Unavailable(`there is no ${programs.join(' and no ')} on the path`);
}

/** @param directory for what the servers write, removed by the reaper */
export function createImplementations({ reaper, directory }: { reaper: Reaper; directory: string }) {
  /** Nothing of ours in its environment, and its home is a directory that goes with it. */
  const start = (
    program: string,
    parameters: string[],
    environment: Record<string, string> = {},
  ): ChildProcess => {
    const child = spawn(program, parameters, {
      env: { PATH: process.env.PATH, HOME: directory, ...environment },
      cwd: directory,
      stdio: 'ignore',
      detached: true,
    });
    reaper.watch(child);
    return child;
  };

  return {
    start,

    async startMoto() {
      const python = find('python3');
      await mkdir(cache, { recursive: true });
      const venv = join(cache, 'moto');
      await run(python, ['-m', 'venv', venv]).catch(unavailable('python3 cannot make a virtual environment'));
      await run(join(venv, 'bin', 'pip'), ['install', '--quiet', MOTO]).catch(
        unavailable(`pip cannot install ${MOTO}`),
      );
      const port = await freePort();
      const server = start(join(venv, 'bin', 'moto_server'), ['-H', '127.0.0.1', '-p', String(port)]);
      const url = `http://127.0.0.1:${port}`;
      await untilAnswering(server, `${url}/moto-api/`);
      return { url };
    },

    /** OpenBao, or Vault, whose development server keeps everything in memory. */
    async startVault() {
      const binary = find('bao', 'vault');
      const url = `http://127.0.0.1:${await freePort()}`;
      const token = randomUUID();
      // OpenBao lets nobody but its configuration name files to write to, unless told to. Vault ignores this.
      const settings = join(directory, 'vault.hcl');
      await writeFile(settings, 'unsafe_allow_api_audit_creation = true\n');
      const server = start(
        binary,
        [
          ...['server', '-dev', '-dev-no-store-token', `-dev-listen-address=${new URL(url).host}`],
          `-config=${settings}`,
        ],
        { BAO_DEV_ROOT_TOKEN_ID: token, VAULT_DEV_ROOT_TOKEN_ID: token },
      );
      await untilAnswering(server, `${url}/v1/sys/health`);
      return { url, token };
    },
  };
}

export type Implementations = ReturnType<typeof createImplementations>;

export async function untilAnswering(server: ChildProcess, url: string) {
  const deadline = performance.now() + 60_000;
  while (server.exitCode === null && performance.now() < deadline) {
    const response = await fetch(url).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) return;
    await delay(100);
  }
  throw new Error(`${url} does not answer.`);
}
