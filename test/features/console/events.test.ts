/** `GET /events` on a running service: who may follow, what comes, and how it ends. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Sandbox, startSandbox } from '../../../sandbox/sandbox.ts';
import { type Service, startService } from '../../../sandbox/service.ts';

describe('GET /events', () => {
  let sandbox: Sandbox;
  let service: Service;
  let token: string;
  before(async () => {
    sandbox = await startSandbox({ provider: 'vault' });
    service = startService({ environment: sandbox.environment, reaper: sandbox.reaper });
    assert.ok(await service.ready);
    const answer = await fetch(`${service.url}/auth/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(sandbox.user),
    });
    ({ token } = (await answer.json()) as { token: string });
  });
  after(async () => {
    await service?.stop();
    await sandbox?.close();
  });

  const follow = () => fetch(`${service.url}/events`, { headers: { Authorization: `Bearer ${token}` } });

  /** Reads until the text matches, and leaves. */
  const readUntil = async (response: Response, wanted: RegExp): Promise<string> => {
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString();
      if (wanted.test(text)) return text;
    }
    return text;
  };

  it('is for administrators', async () => {
    const response = await fetch(`${service.url}/events`);
    assert.equal(response.status, 401);
  });

  it('sends the history and then ticks with the state, the traffic and no value', async () => {
    const response = await follow();
    assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
    const me = fetch(`${service.url}/auth/me`, { headers: { Authorization: `Bearer ${token}` } });
    await (await me).body?.cancel();
    const text = await readUntil(response, /event: tick\n.*"totals":{"requests":[1-9]/);
    assert.match(text, /^event: history\ndata: \{"samples":\[\]/);
    assert.match(text, /"id":"database","name":"myapp\/database","version":"1"/);
    assert.match(text, /"provider":"vault"/);
    for (const value of sandbox.plantedValues()) assert.ok(!text.includes(value));
  });

  it('tells a rotation', async () => {
    const response = await follow();
    const rotated = readUntil(response, /"kind":"rotated"/);
    await sandbox.rotate('database');
    // The refused login makes the service read the new secret.
    const answer = await fetch(`${service.url}/db-test`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}` },
    });
    assert.equal(answer.status, 200);
    assert.match(await rotated, /"secret":"database","kind":"rotated"/);
  });

  it('ends when the service stops, which waits for no page', async () => {
    const response = await follow();
    const ended = readUntil(response, /never/);
    await service.stop();
    assert.match(await ended, /^event: history/);
    assert.equal(await service.ended, 'exit code 0');
  });
});
