/** The short form of `npm run bench:stopping`. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { stopUnderLoad } from '../../bench/stopping-run.ts';

it('loses no request and leaves no lease when it is stopped under load', async () => {
  for await (const { answered, lost, leases, end } of stopUnderLoad({ times: 2 })) {
    assert.deepEqual({ lost, leases, end }, { lost: [], leases: 0, end: 'exit code 0' });
    assert.ok(answered > 100, `${answered} requests`);
  }
});
