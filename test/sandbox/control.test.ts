/** What a person with curl can do to the running sandbox. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startControl } from '../../sandbox/control.ts';
import type { Listening } from '../../sandbox/http.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';

describe('the control of the sandbox', () => {
  let sandbox: Sandbox;
  let control: Listening;
  before(async () => {
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

  it('rotates as in production, or the hard way, one after the other', async () => {
    assert.match((await post('/rotate/database')).text, /\nDone: myapp_a cannot log in any more\.\n$/);
    assert.equal((await post('/rotate/database?hard')).text, '{"rotated":"database"}');
    assert.equal(sandbox.credentials().username, 'myapp_a');
    assert.match((await post('/rotate/database')).text, /\nDone: myapp_a cannot log in any more\.\n$/);
    assert.match((await post('/rotate/jwt?force')).text, /\nDone: /);
    assert.match((await post('/rotate/openai')).text, /\nDone, but the old key /);
  });

  it('knows no other secret', async () => assert.equal((await post('/rotate/payments')).status, 400));
});
