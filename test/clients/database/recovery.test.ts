/** Requests while no connection can be made: they wait for one recovery, for a stated time, in bounded number. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../../../src/clients/database/database.ts';
import { DatabaseUnavailable } from '../../../src/clients/database/errors.ts';
import { createFixture, startDatabase, type TestDatabase } from './fixture.ts';
import { startRelay } from './relay.ts';

let server: TestDatabase;

before(async () => {
  server = await startDatabase();
});
after(() => server?.stop());

const reads = (database: Database, count: number) =>
  Promise.allSettled(
    Array.from({ length: count }, () => database.read<{ user: string }>('SELECT current_user AS user')),
  );
const reasons = (results: PromiseSettledResult<unknown>[]) =>
  results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []));

describe('a login that is locked before the secret changes', () => {
  it('costs no request and one login a second, however many wait', async () => {
    const [first, second] = [await server.createLogin(), await server.createLogin()];
    const relay = await startRelay(first.port);
    const { database, put } = await createFixture({ ...first, port: relay.port }, { cooldown: 300 });
    await database.start();
    await server.lockOut(first);
    const before = relay.connections();
    const requests: ReturnType<typeof reads>[] = [];
    for (let batch = 0; batch < 40; batch += 1) {
      requests.push(reads(database, 10));
      await delay(100);
    }
    const logins = relay.connections() - before;
    put({ ...second, port: relay.port });
    const results = (await Promise.all(requests)).flat();
    assert.deepEqual(reasons(results), []);
    assert.ok(logins <= 10 + 4 + 2, `${logins} logins in four seconds for 400 requests`);
    await database.close();
    await relay.close();
  });

  it('leaves the connections that still work in use', async () => {
    const login = await server.createLogin();
    const { database } = await createFixture(login, { max: 2, cooldown: 300, recoveryBudget: 1_000 });
    await database.start();
    await server.administrate(`ALTER ROLE ${login.username} NOLOGIN`);
    const results = await reads(database, 50);
    assert.deepEqual(reasons(results), []);
    await database.close();
  });
});

describe('a caller', () => {
  it('waits no longer than its patience for a login, and the recovery goes on', async () => {
    const [first, second] = [await server.createLogin(), await server.createLogin()];
    const { database, put, currentUser } = await createFixture(first, { patience: 1_000, cooldown: 200 });
    await database.start();
    await server.lockOut(first);
    const started = performance.now();
    const results = await reads(database, 20);
    const waited = performance.now() - started;
    assert.equal(reasons(results).length, 20);
    for (const result of results)
      assert.ok(result.status === 'rejected' && result.reason instanceof DatabaseUnavailable);
    assert.ok(waited < 2_500, `waited ${waited} ms`);
    put(second);
    while (database.status().version === 'v1') await delay(20);
    assert.equal(await currentUser(), second.username);
    await database.close();
  });

  it('waits no longer than its patience for a server that says nothing', async () => {
    const login = await server.createLogin();
    const relay = await startRelay(login.port);
    const { database } = await createFixture({ ...login, port: relay.port }, { patience: 1_000 });
    await database.start();
    relay.fallSilent();
    const started = performance.now();
    const results = await reads(database, 20);
    const waited = performance.now() - started;
    assert.equal(reasons(results).length, 20);
    assert.ok(waited < 2_500, `waited ${waited} ms`);
    relay.speak();
    await relay.close();
    await database.close();
  });

  it('is refused at once when too many wait', async () => {
    const login = await server.createLogin();
    const relay = await startRelay(login.port);
    const { database } = await createFixture({ ...login, port: relay.port }, { maxWaiting: 5 });
    await database.start();
    await relay.goAway();
    let refused = 0;
    const requests = Array.from({ length: 30 }, () =>
      database.read('SELECT 1').then(
        () => 'answered',
        (error) => {
          refused += 1;
          return String(error);
        },
      ),
    );
    // The server is still away: the refusals wait for nothing.
    while (refused < 25) await delay(10);
    await relay.comeBack();
    const outcomes = await Promise.all(requests);
    assert.equal(outcomes.filter((outcome) => outcome === 'answered').length, 5);
    assert.equal(outcomes.filter((outcome) => /Too many requests wait/.test(outcome)).length, 25);
    await database.close();
    await relay.close();
  });
});

describe('a server that is away may have moved', () => {
  it('to another port: the secret is read, once per cooldown', async () => {
    const login = await server.createLogin();
    const relay = await startRelay(login.port);
    const { database, put, backend } = await createFixture({ ...login, port: relay.port });
    await database.start();
    put(login);
    await relay.goAway();
    assert.deepEqual(reasons(await reads(database, 50)), []);
    assert.equal(backend.calls.read, 2);
    await database.close();
  });

  it('to another host, when the old name does not resolve', async () => {
    const login = await server.createLogin();
    const { database, put } = await createFixture({ ...login, host: 'gone.invalid' }, { cooldown: 300 });
    put(login);
    await database.start();
    await database.close();
  });

  it('to another database name', async () => {
    const login = await server.createLogin();
    const { database, put } = await createFixture(login);
    await database.start();
    await server.rename(login.dbname, 'renamed');
    try {
      put({ ...login, dbname: 'renamed' });
      assert.deepEqual(reasons(await reads(database, 50)), []);
      await database.close();
    } finally {
      await server.rename('renamed', login.dbname);
    }
  });

  it('a read of the previous version is no way back to a server that was replaced', async () => {
    const login = await server.createLogin();
    const relay = await startRelay(login.port);
    const { database } = await createFixture(
      login,
      { patience: 1_500, cooldown: 200 },
      { ...login, port: relay.port },
    );
    await database.start();
    await relay.goAway();
    assert.equal(reasons(await reads(database, 3)).length, 3);
    await database.close();
  });
});
