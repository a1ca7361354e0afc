/** Docker's engine: the one of this machine, or Debian's, started for this run on a socket of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { docker, run } from './docker.ts';
import { Unavailable } from './unavailable.ts';

const answers = () =>
  docker(['version', '--format', '{{.Server.Version}}'], { timeout: 10_000 }).catch(() => undefined);

/** Sets DOCKER_HOST for an engine that it starts. @param directory for all of its data */
export async function startEngine(directory: string, cleanUp: AsyncDisposableStack): Promise<void> {
  const running = await answers();
  if (running) return console.log(`engine: ${running}, of this machine`);
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    throw new Unavailable('no engine runs here, and only root can start one');
  await install('docker.io', 'debootstrap');

  process.env.DOCKER_HOST = `unix://${join(directory, 'docker.sock')}`;
  const engine = spawn(
    'dockerd',
    [
      `--host=${process.env.DOCKER_HOST}`,
      ...['data-root', 'exec-root'].map((name) => `--${name}=${join(directory, name)}`),
      `--pidfile=${join(directory, 'docker.pid')}`,
    ],
    { stdio: 'ignore' },
  );
  const ended = once(engine, 'exit');
  cleanUp.defer(async () => {
    engine.kill('SIGTERM');
    await ended;
    // The engine leaves its own network namespace mounted.
    await run('umount', [join(directory, 'exec-root', 'netns', 'default')]).catch(() => {});
  });
  const deadline = performance.now() + 60_000;
  while (engine.exitCode === null && performance.now() < deadline) {
    const version = await answers();
    if (version) return console.log(`engine: ${version}, started for this run`);
    await delay(200);
  }
  throw new Unavailable('Docker’s engine does not start on this machine');
}

/** @throws Unavailable where there is no apt-get, or it cannot reach its packages */
export async function install(...packages: string[]): Promise<void> {
  const missing = await run('dpkg-query', ['--show', ...packages]).catch((error: unknown) => error);
  if (!(missing instanceof Error)) return;
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    await run('apt-get', ['update', '--quiet'], { env: environment });
    await run('apt-get', ['install', '--yes', '--no-install-recommends', ...packages], { env: environment });
  } catch (cause) {
    throw new Unavailable(`apt-get cannot install ${packages.join(' and ')}`, { cause });
  }
}
