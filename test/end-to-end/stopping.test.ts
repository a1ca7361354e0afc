/** Stopping under load: the short form of `npm run bench:stopping`, and a stop during startup. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { stopUnderLoad } from '../../bench/stopping-run.ts';
import { startReaper } from '../../sandbox/reaper.ts';
import { startService } from '../../sandbox/service.ts';

it('loses no request and leaves no lease when it is stopped under load', async () => {
  for await (const { answered, lost, leases, end } of stopUnderLoad({ times: 2 })) {
    assert.deepEqual({ lost, leases, end }, { lost: [], leases: 0, end: 'exit code 0' });
    assert.ok(answered > 100, `${answered} requests`);
  }
});

it('exits while it still waits for its secrets', async (context) => {
  const reaper = startReaper();
  context.after(reaper.close);
  const unreachable = { SECRET_PROVIDER: 'vault', VAULT_ADDR: 'http://127.0.0.1:1', VAULT_TOKEN: 'any' };
  const service = startService({ environment: unreachable, reaper });
  context.after(service.stop);
  await new Promise<void>((resolve) => {
    service.process.stdout?.on('data', (chunk) => /trying again/.test(chunk) && resolve());
  });
  service.process.kill('SIGTERM');
  assert.equal(await service.ended, 'exit code 0');
});
