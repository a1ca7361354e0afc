/** The service with a database login that Vault creates for it and that expires within seconds. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Client } from 'pg';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { type Service, startService } from '../../sandbox/service.ts';

describe('the service with logins that Vault leases', () => {
  let sandbox: Sandbox;
  let service: Service;
  let administrator: Client;
  let output = '';
  let token = '';

  before(async () => {
    sandbox = await startSandbox({ provider: 'vault', leases: { defaultTtl: 2, maxTtl: 6 } });
    administrator = new Client({ ...sandbox.postgres.connection, database: 'myapp' });
    await administrator.connect();
    service = startService({
      environment: sandbox.environment,
      reaper: sandbox.reaper,
    });
    service.process.stdout?.on('data', (chunk) => {
      output += chunk;
    });
    assert.ok(await service.ready, output);
    const { token: given } = await post<{ token: string }>('/auth/login', sandbox.user);
    token = given;
  });
  after(async () => {
    await service?.stop();
    await administrator?.end();
    await sandbox?.close();
  });

  const post = async <T>(path: string, body: object = {}): Promise<T> => {
    const response = await fetch(`${service.url}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });
    assert.equal(response.status, 200, output);
    return (await response.json()) as T;
  };
  const leasedRoles = async () =>
    (await administrator.query("SELECT FROM pg_roles WHERE rolname LIKE 'v-approle-%'")).rowCount ?? 0;

  it('renews its lease, replaces it before its maximum lifetime, and loses no request', async () => {
    const users = new Set<string>();
    let requests = 0;
    // Three logins in sequence: each lives at most six seconds.
    while (users.size < 3) {
      users.add((await post<{ user: string }>('/db-test')).user);
      requests += 1;
      assert.ok(requests < 100_000, 'the login does not change');
    }
    assert.match([...users][0] ?? '', /^v-approle-myapp-/);
    assert.ok(requests > 100, `${requests} requests`);
  });

  it('revokes leases that it no longer uses', async () => {
    const deadline = performance.now() + 60_000;
    while ((await leasedRoles()) > 1) assert.ok(performance.now() < deadline, 'old logins stay');
  });

  it('revokes the last one when it stops', async () => {
    await service.stop();
    assert.equal(await leasedRoles(), 0);
    assert.equal(await service.ended, 'exit code 0');
  });
});
