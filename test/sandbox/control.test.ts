/** The sandbox's control endpoints, for use with curl. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Backend } from '../../sandbox/backends.ts';
import { startControl } from '../../sandbox/control.ts';
import type { Listening } from '../../sandbox/http.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { startService } from '../../sandbox/service.ts';

describe('the control of the sandbox', () => {
  let sandbox: Sandbox;
  let control: Listening;
  before(async () => {
    process.env.SECRET_TTL = '1';
    sandbox = await startSandbox({ provider: 'vault' });
    control = await startControl({ sandbox });
  });
  after(async () => {
    await control?.close();
    await sandbox?.close();
  });
  const post = async (path: string) => {
    const response = await fetch(`${control.url}${path}`, { method: 'POST' });
    return { status: response.status, text: await response.text() };
  };

  it('rotates as in production and the hard way, in sequence', async () => {
    assert.match((await post('/rotate/database')).text, /\nDone: myapp_a cannot log in any more\.\n$/);
    assert.equal((await post('/rotate/database?hard')).text, '{"rotated":"database"}');
    assert.equal(sandbox.credentials().username, 'myapp_a');
    assert.match((await post('/rotate/database')).text, /\nDone: myapp_a cannot log in any more\.\n$/);
    assert.match((await post('/rotate/jwt?force')).text, /\nDone: /);
    assert.match((await post('/rotate/openai')).text, /\nDone, but the old key /);
  });

  it('revokes the logins that Vault leases', async () => {
    const leased = await startSandbox({ provider: 'vault', leases: { defaultTtl: 60, maxTtl: 60 } });
    const service = startService({ environment: leased.environment, reaper: leased.reaper });
    const vault = leased.backend as Backend & { leases(): string[] };
    try {
      assert.ok(await service.ready);
      const [first] = vault.leases();
      assert.ok(first);
      await leased.rotate('database');
      assert.ok(!vault.leases().includes(first));
    } finally {
      await service.stop();
      await leased.close();
    }
  });

  it('refuses an unknown secret', async () => assert.equal((await post('/rotate/payments')).status, 400));
});
