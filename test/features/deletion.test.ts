/** The features that are wired are those that have a folder. `npm run test:deletion` deletes each of them. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { featureNames } from '../support/without-feature.ts';

const names = await featureNames();

describe('features', () => {
  it('each folder has its line', async () => {
    const entries = await readdir(new URL('../../src/features/', import.meta.url), { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    assert.deepEqual(names.toSorted(), folders.toSorted());
  });
});
