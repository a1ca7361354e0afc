/**
 * Builds the image and brings up the Compose stack with Docker's real engine, runs the suites on them, and removes
 * what it made. A missing part is skipped with a message.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { skipLine } from '../support/skip.ts';
import { ROOT } from './docker.ts';
import { startEngine } from './engine.ts';
import { createImages } from './images.ts';
import { Unavailable } from './unavailable.ts';

const directory = await realpath(await mkdtemp(join(tmpdir(), 'docker-')));
await using cleanUp = new AsyncDisposableStack();
cleanUp.defer(() => rm(directory, { recursive: true, force: true }));
const images = createImages(directory);

try {
  await startEngine(directory, cleanUp);
  await images.provide('node:26-trixie-slim');
  await suite('image');
  await images.provide('postgres:18-trixie');
  await images.provide('hashicorp/vault:2.0.4');
  await images.providePlugins();
  await suite('compose');
} catch (error) {
  if (!(error instanceof Unavailable)) throw error;
  console.log(skipLine('docker', error.message));
}

async function suite(name: string) {
  const tests = spawn(process.execPath, ['--test', '--test-reporter=spec', `test/docker/${name}.docker.ts`], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  const [code] = await once(tests, 'exit');
  if (code !== 0) process.exitCode = 1;
}
