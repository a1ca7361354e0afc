import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import type { Feature, FeatureContext } from '../../src/features/feature.ts';
import { runFeatures } from '../../src/features/run-features.ts';

const settings = z.object({});
const context = {} as FeatureContext;
const run = (...features: Feature[]) => runFeatures(features, context, () => ({}));

const numbers: Feature<typeof settings, { next(): number }> = {
  settings,
  async create() {
    await Promise.resolve();
    return { routes: [], offer: { next: () => 7 } };
  },
};
const reader: Feature<typeof settings, { value: number }> = {
  settings,
  create: async ({ use }) => ({ routes: [], offer: { value: (await use(numbers)).next() } }),
};

describe('features', () => {
  for (const order of [
    [reader, numbers],
    [numbers, reader],
  ])
    it(`use what another offers, listed ${order[0] === reader ? 'after' : 'before'} them`, async () => {
      const offers = (await run(...order)).map(({ offer }) => offer);
      assert.deepEqual(offers[order.indexOf(reader)], { value: 7 });
    });

  it('fail when they use one that is not listed', async () => {
    await assert.rejects(run(reader), /not in features\/index\.ts/);
  });

  it('fail with the error of one that cannot start', async () => {
    const broken: Feature = { settings, create: () => Promise.reject(new Error('the reason')) };
    await assert.rejects(run(numbers, broken), /the reason/);
  });
});
