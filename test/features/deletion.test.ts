/** Each feature can be deleted. Types are checked here, style and the remaining tests by `npm run test:deletion`. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { featureNames, withoutFeature } from '../support/without-feature.ts';

const run = promisify(execFile);
const names = await featureNames();

describe('features', () => {
  it('each folder has its line', async () => {
    const entries = await readdir(new URL('../../src/features/', import.meta.url), { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    assert.deepEqual(names.toSorted(), folders.toSorted());
  });

  for (const name of names)
    it(`without ${name} the types hold`, () =>
      withoutFeature(name, async (cwd) => {
        await run('npm', ['run', '--silent', 'types'], { cwd }).catch(({ stdout }) => assert.fail(stdout));
      }));
});
