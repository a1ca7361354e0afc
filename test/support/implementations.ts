/** Independent implementations of the backends, as far as this machine has them, on free ports of 127.0.0.1. */
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

/** The reason why a part is missing here. Not a failure. */
export class Unavailable extends Error {}

export const unavailable =
  (message: string) =>
  (cause: unknown): never => {
    throw new Unavailable(message, { cause });
  };

/** The first of the programs on the path. @throws Unavailable */
export function find(...programs: string[]): string {
  for (const program of programs)
    for (const folder of (process.env.PATH ?? '').split(delimiter))
      try {
        accessSync(join(folder, program), constants.X_OK);
        return join(folder, program);
      } catch {}
  throw new Unavailable(`${programs.join(' and ')}: not on the path`);
}

/** @param directory for the servers' files; removed by the reaper */
export function createImplementations({ reaper, directory }: { reaper: Reaper; directory: string }) {
  /** The environment has nothing of this process, and its home is a temporary directory. */
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
      await run(python, ['-m', 'venv', venv]).catch(
        unavailable('python3 cannot create a virtual environment'),
      );
      await run(join(venv, 'bin', 'pip'), ['install', '--quiet', MOTO]).catch(
        unavailable(`pip cannot install ${MOTO}`),
      );
      const port = await freePort();
      const server = start(join(venv, 'bin', 'moto_server'), ['-H', '127.0.0.1', '-p', String(port)]);
      const url = `http://127.0.0.1:${port}`;
      await untilAnswering(server, `${url}/moto-api/`);
      return { url };
    },

    /** OpenBao or Vault, as a development server that keeps everything in memory. */
    async startVault() {
      const binary = find('bao', 'vault');
      const url = `http://127.0.0.1:${await freePort()}`;
      const token = randomUUID();
      // By default, OpenBao allows audit files only in its configuration. Vault ignores this setting.
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
