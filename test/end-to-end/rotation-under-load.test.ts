/** The short form of `npm run bench:rotation`: counts are asserted, times are not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { measure } from '../../bench/rotation-report.ts';
import { BENCHES, runRotationBench } from '../../bench/rotation-run.ts';
import { EXHAUSTIVE } from '../support/exhaustive.ts';

describe('two replicas under load while every secret rotates', () => {
  for (const bench of EXHAUSTIVE ? BENCHES.filter(({ name }) => name === 'vault') : [])
    it(`on ${bench.name}: no request fails or hangs, and a value is read at most once`, async () => {
      const result = await runRotationBench(bench, { rounds: 1, rate: 40 });
      const { failed, hung, readsPerRotation } = measure(result);
      assert.deepEqual(failed, []);
      assert.deepEqual(hung, []);
      assert.ok((readsPerRotation ?? 0) <= 1, `${readsPerRotation} values read`);
      assert.ok(result.samples.length > 200, `only ${result.samples.length} requests`);
      for (const users of result.databaseUsers) assert.equal(users.size, 2);
    });
});
