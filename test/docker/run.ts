/**
 * Builds the image and brings up the Compose stack on Docker's real engine, runs the suites on them, and removes what
 * it made. Base images that it pulls stay, as the cache of the next run.
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

/** With the images that each needs. */
const SUITES = {
  image: ['node:26-trixie-slim'],
  compose: ['node:26-trixie-slim', 'postgres:18-trixie', 'hashicorp/vault:2.0.4'],
};

const directory = await realpath(await mkdtemp(join(tmpdir(), 'docker-')));
await using cleanUp = new AsyncDisposableStack();
cleanUp.defer(() => rm(directory, { recursive: true, force: true }));
let left = Object.entries(SUITES);

try {
  await startEngine(directory, cleanUp);
  const images = createImages(directory);
  cleanUp.defer(images.removeStandIns);
  await images.providePlugins();
  for (const [suite, needed] of left) {
    for (const image of needed) await images.provide(image);
    await run(suite);
    left = left.slice(1);
  }
} catch (error) {
  if (!(error instanceof Unavailable)) throw error;
  for (const [suite] of left) console.log(skipLine(`docker, ${suite}`, error.message));
}

async function run(suite: string) {
  const tests = spawn('npm', ['run', '--silent', 'tests', '--', `test/docker/${suite}.docker.ts`], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  const [code] = await once(tests, 'exit');
  if (code !== 0) process.exitCode = 1;
}
