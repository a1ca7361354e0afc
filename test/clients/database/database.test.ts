import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { DatabaseCredentials } from '../../../sandbox/database-roles.ts';
import type { Database } from '../../../src/clients/database/database.ts';
import { proveDatabase } from '../../../src/clients/database/startup.ts';
import { systemClock as clock } from '../../../src/clock.ts';
import { StartupError } from '../../../src/errors.ts';
import { silentLogger as logger } from '../../support/logger.ts';
import { createFixture, eventually, startDatabase, type TestDatabase } from './fixture.ts';

let server: TestDatabase;
let app: DatabaseCredentials;

before(async () => {
  server = await startDatabase();
  ({ app } = server);
});
after(() => server?.stop());

const createLogin = () => server.createLogin();
const lockOut = (login: DatabaseCredentials) => server.lockOut(login);
const sessionsOf = (username: string) => server.sessionsOf(username);

describe('queries', () => {
  it('run with the secret', async () => {
    const login = await createLogin();
    const { database, currentUser } = await createFixture(login);
    await database.start();
    assert.equal(await currentUser(), login.username);
    await database.close();
    await eventually(0, () => sessionsOf(login.username));
  });

  it('several on one connection', async () => {
    const { database } = await createFixture(await createLogin());
    await database.start();
    const pids = await database.withClient(async (client) => {
      const pid = async () => (await client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid;
      return [await pid(), await pid()];
    });
    assert.equal(pids[0], pids[1]);
    await database.close();
  });

  it('an error of the statement is thrown, and the connection is kept', async () => {
    const { database } = await createFixture(await createLogin(), { max: 1 });
    await database.start();
    await assert.rejects(database.query('SELECT nonsense'), { code: '42703' });
    assert.equal((await database.query('SELECT 1')).rowCount, 1);
    await database.close();
  });

  it('the role may use rows and nothing else', async () => {
    const { database } = await createFixture(await createLogin());
    await database.start();
    await assert.rejects(database.query('CREATE TABLE mine ()'), { code: '42501' });
    await assert.rejects(database.query('DROP TABLE users'), { code: '42501' });
    await assert.rejects(database.query('SELECT * FROM migrations'), { code: '42501' });
    await database.query('SELECT * FROM users');
    await database.close();
  });
});

/** Queries that last long enough to need more than the connections at hand; gives the user of each. */
const inParallel = (count: number, database: Database): Promise<(string | undefined)[]> =>
  Promise.all(
    Array.from({ length: count }, async () => {
      const { rows } = await database.query<{ user: string }>('SELECT current_user AS user, pg_sleep(0.02)');
      return rows[0]?.user;
    }),
  );

describe('rotation', () => {
  it('a refused login fetches the secret that replaced it, and no query fails', async () => {
    const [first, second] = [await createLogin(), await createLogin()];
    const { database, put, backend } = await createFixture(first);
    await database.start();
    put(second);
    await server.administrate(`ALTER ROLE ${first.username} NOLOGIN`);
    const users = await inParallel(50, database);
    assert.equal(users.length, 50);
    assert.ok(users.includes(second.username));
    assert.equal(backend.calls.read, 2, 'one read at startup and one for the rotation');
    await database.close();
  });

  it('a changed password of the same user is fetched as well', async () => {
    const login = await createLogin();
    const { database, put, backend } = await createFixture(login);
    await database.start();
    await server.administrate(`ALTER ROLE ${login.username} PASSWORD 'changed'`);
    put({ ...login, password: 'changed' });
    await inParallel(50, database);
    assert.equal(backend.calls.read, 2);
    await database.close();
  });

  it('queries in flight and in the queue finish on the old connections', async () => {
    const [first, second] = [await createLogin(), await createLogin()];
    const { database, secret, put, currentUser } = await createFixture(first, { max: 2 });
    await database.start();
    const slow = Array.from({ length: 8 }, () =>
      database.query<{ user: string }>('SELECT current_user AS user, pg_sleep(0.1)'),
    );
    put(second);
    await secret.refreshIfStale('v1');
    await eventually(second.username, currentUser);
    const users = (await Promise.all(slow)).map(({ rows }) => rows[0]?.user);
    assert.deepEqual(new Set(users), new Set([first.username]));
    await database.close();
    await eventually(0, () => sessionsOf(first.username));
  });

  it('a refused login tries the pending version, which is not made current', async () => {
    const [first, second] = [await createLogin(), await createLogin()];
    const { database, backend, secret, currentUser } = await createFixture(first);
    await database.start();
    backend.putPending('myapp/database', second);
    await lockOut(first);
    await eventually(second.username, currentUser);
    assert.equal(secret.current().version, 'v1');
    await database.close();
  });

  it('starts with the previous version while the current one does not work yet', async () => {
    const login = await createLogin();
    const { database, currentUser } = await createFixture(
      login,
      {},
      { ...login, password: 'ahead of the database' },
    );
    await database.start();
    assert.equal(await currentUser(), login.username);
    await database.close();
  });

  it('waits for a secret that changes later than the database', async () => {
    const [first, second] = [await createLogin(), await createLogin()];
    const { database, currentUser, put } = await createFixture(first, { cooldown: 300 });
    await database.start();
    await lockOut(first);
    const waiting = inParallel(20, database);
    setTimeout(() => put(second), 1_000);
    assert.deepEqual(new Set(await waiting), new Set([second.username]));
    assert.equal(await currentUser(), second.username);
    await database.close();
  });

  it('a refused login ends in its error when the budget is used up', async () => {
    const login = await createLogin();
    const { database } = await createFixture(login, { recoveryBudget: 1_500 });
    await database.start();
    await lockOut(login);
    const started = performance.now();
    await assert.rejects(database.query('SELECT 1'), { code: '28000' });
    assert.ok(performance.now() - started < 20_000, 'it waited for more than one recovery');
    await database.close();
  });

  it('a role that lost its rights is replaced, and the one statement runs again', async () => {
    const [first, second] = [await createLogin(), await createLogin()];
    const { database, put } = await createFixture(first);
    await database.start();
    put(second);
    await server.administrate(`DROP ROLE ${first.username}`);
    const { rows } = await database.query<{ user: string }>(
      'SELECT current_user AS user, EXISTS (SELECT FROM users)',
    );
    assert.equal(rows[0]?.user, second.username);
    await database.close();
  });

  it('a role that is dropped while the backend is away waits for it', async () => {
    const [first, second] = [await createLogin(), await createLogin()];
    const { database, put, backend } = await createFixture(first, { cooldown: 300 });
    await database.start();
    await inParallel(10, database);
    put(second);
    backend.fail('unavailable');
    await server.administrate(`DROP ROLE ${first.username}`);
    const rows = Promise.all(
      Array.from({ length: 20 }, () => database.query('SELECT current_user AS user FROM users')),
    );
    setTimeout(() => backend.recover(), 1_500);
    await rows;
    await database.close();
  });

  it('a role that stays without its rights ends in the error when the caller gives up', async () => {
    const login = await createLogin();
    const { database } = await createFixture(login, { patience: 1_500, cooldown: 300 });
    await database.start();
    await server.administrate(`REVOKE myapp_app FROM ${login.username}`);
    const error = await database.query('SELECT FROM users').catch((reason) => reason);
    // Without CONNECT, the next connection is refused, and the caller waits for the recovery.
    assert.equal(error.cause?.code ?? error.code, '42501', String(error));
    await database.close();
  });

  it('several statements are not repeated', async () => {
    const [first, second] = [await createLogin(), await createLogin()];
    const { database, put, currentUser } = await createFixture(first);
    await database.start();
    put(second);
    await server.administrate(`REVOKE myapp_app FROM ${first.username}`);
    let runs = 0;
    const work = database.withClient(async (client) => {
      runs += 1;
      await client.query('SELECT FROM users');
    });
    await assert.rejects(work, { code: '42P01' });
    assert.equal(runs, 1);
    await eventually(second.username, currentUser);
    await database.close();
  });

  it('a statement the role never had the right to is refused, and read for once in a cooldown', async () => {
    const { database, backend } = await createFixture(await createLogin());
    await database.start();
    for (let index = 0; index < 5; index += 1)
      await assert.rejects(database.query('SELECT FROM migrations'), { code: '42501' });
    assert.equal(backend.calls.read, 2);
    await database.close();
  });

  it('a connection limit shared by two generations causes no failure', async () => {
    const [first, second] = [await createLogin(), await createLogin()];
    await server.administrate(`ALTER ROLE ${second.username} CONNECTION LIMIT 2`);
    const { database, put, secret, currentUser } = await createFixture(first, { max: 4 });
    await database.start();
    await inParallel(20, database);
    put(second);
    await secret.refreshIfStale('v1');
    await eventually(second.username, currentUser);
    const users = await inParallel(40, database);
    assert.ok(users.includes(second.username));
    await database.close();
  });

  it('to a broken value and back', async () => {
    const login = await createLogin();
    const { database, put, secret, currentUser } = await createFixture(login, { cooldown: 0 });
    await database.start();
    put({ ...login, password: 'broken' });
    await secret.refreshIfStale('v1');
    assert.equal(await currentUser(), login.username);
    put(login);
    await secret.refreshIfStale('v2');
    await inParallel(20, database);
    await database.close();
  });

  it('a version that cannot log in changes nothing', async () => {
    const login = await createLogin();
    const { database, secret, put, currentUser } = await createFixture(login);
    await database.start();
    put({ ...login, password: 'wrong' });
    await secret.refreshIfStale('v1');
    assert.equal(await currentUser(), login.username);
    await database.close();
  });

  it('a retired generation that is in use past its deadline is broken', async () => {
    const [first, second] = [await createLogin(), await createLogin()];
    const { database, secret, put, currentUser } = await createFixture(first, { drainDeadline: 50 });
    await database.start();
    const held = database.query('SELECT pg_sleep(60)');
    const broken = assert.rejects(held, /terminated/);
    put(second);
    await secret.refreshIfStale('v1');
    await eventually(second.username, currentUser);
    await broken;
    await database.close();
  });

  it('the loss of a connection that is held and idle does not end the process', async () => {
    const login = await createLogin();
    const { database } = await createFixture(login);
    await database.start();
    await assert.rejects(
      database.withClient(async (client) => {
        await server.administrate(
          'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1',
          [login.username],
        );
        await eventually(0, () => sessionsOf(login.username));
        await client.query('SELECT 1');
      }),
    );
    assert.equal((await database.query('SELECT 1')).rowCount, 1);
    await database.close();
  });
});

describe('a server that restarts', () => {
  it('ends no process when it ends a session in the moment in which that begins', async () => {
    // "Welcome" and "the server stops" in one piece, as a loaded machine may read them.
    const field = (type: string, text: string) => `${type}${text}\0`;
    const message = (type: string, body: Buffer) => {
      const length = Buffer.alloc(4);
      length.writeInt32BE(body.length + 4);
      return Buffer.concat([Buffer.from(type), length, body]);
    };
    const fatal = `${field('S', 'FATAL')}${field('C', '57P01')}${field('M', 'terminating connection')}\0`;
    const answer = Buffer.concat([
      message('R', Buffer.alloc(4)),
      message('Z', Buffer.from('I')),
      message('E', Buffer.from(fatal)),
    ]);
    const server = createServer((socket) => {
      socket.once('data', () => socket.end(answer));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { database } = await createFixture({ ...app, port });
    await assert.rejects(database.start());
    await database.close();
    server.close();
  });

  it('costs no read, whether it runs or begins meanwhile', async () => {
    const { database } = await createFixture(await createLogin());
    await database.start();
    const during = Array.from({ length: 5 }, () => database.read('SELECT pg_sleep(1)'));
    await eventually(5, async () => {
      const running = "SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'";
      return (await server.administrate(running)).rowCount;
    });
    const restarted = server.postgres.restart();
    const after = Array.from({ length: 20 }, () => database.read('SELECT 1 FROM users'));
    await restarted;
    await server.reconnectAdministrator();
    await Promise.all([...during, ...after]);
    await database.close();
  });

  it('a statement that may have run is not repeated', async () => {
    const login = await createLogin();
    const { database } = await createFixture(login);
    await database.start();
    const cut = assert.rejects(database.query('SELECT pg_sleep(60)'), { code: '57P01' });
    await eventually(1, () => sessionsOf(login.username));
    await lockOut(login);
    await cut;
    await database.close();
  });

  it('that says nothing ends in an error, and the connection is not used again', async () => {
    const { database } = await createFixture(await createLogin(), { patience: 500, max: 1 });
    await database.start();
    await assert.rejects(database.query('SELECT pg_sleep(60)'), /timeout/);
    assert.equal((await database.query('SELECT 1')).rowCount, 1);
    await database.close();
  });
});

describe('the canary before the service listens', () => {
  const prove = async (credentials: DatabaseCredentials, timeout = 2_000) => {
    const { database, secret } = await createFixture(credentials);
    try {
      await proveDatabase({ database, secret, clock, logger, timeout });
    } finally {
      await database.close();
    }
  };
  const refusal = async (credentials: DatabaseCredentials): Promise<StartupError> => {
    const error = await prove(credentials).catch((reason) => reason);
    assert.ok(error instanceof StartupError, String(error));
    return error;
  };

  it('waits for a secret that changes later than the database', async () => {
    const [first, second] = [await createLogin(), await createLogin()];
    await server.administrate(`ALTER ROLE ${first.username} NOLOGIN`);
    const { database, secret, put } = await createFixture(first, { cooldown: 100 });
    setTimeout(() => put(second), 1_000);
    await proveDatabase({ database, secret, clock, logger, timeout: 20_000 });
    assert.equal(database.status().version, 'v2');
    await database.close();
  });

  it('a login that stays locked is temporary', async () => {
    const login = await createLogin();
    await server.administrate(`ALTER ROLE ${login.username} NOLOGIN`);
    const error = await refusal(login);
    assert.equal(error.exitCode, 75);
    assert.match(error.report(), /28000/);
  });

  it('passes with working credentials', async () => prove(await createLogin()));

  it('a wrong password needs a person, and is not shown', async () => {
    const error = await refusal({ ...app, password: 'shown-nowhere' });
    assert.equal(error.exitCode, 78);
    assert.match(error.report(), /28P01/);
    assert.doesNotMatch(error.report(), /shown-nowhere/);
  });

  it('a database that is away is temporary', async () => {
    const error = await refusal({ ...app, port: 1 });
    assert.equal(error.exitCode, 75);
    assert.match(error.report(), /does not answer \[ECONNREFUSED\]/);
  });

  it('a missing database and a missing table say so', async () => {
    assert.match((await refusal({ ...app, dbname: 'nowhere' })).report(), /has no database nowhere/);
    await server.administrate('GRANT CONNECT ON DATABASE postgres TO myapp_app');
    assert.match((await refusal({ ...app, dbname: 'postgres' })).report(), /npm run migrate/);
  });

  it('a secret that rotates between the read and the login is read again', async () => {
    const login = await createLogin();
    const { database, put } = await createFixture({ ...login, password: 'not any more' });
    put(login);
    await database.start();
    await database.close();
  });
});
