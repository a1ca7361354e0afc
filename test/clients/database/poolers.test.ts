/** Rotation behind connection poolers, which refuse a login in words of their own. */
import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { DatabaseCredentials } from '../../../sandbox/database-roles.ts';
import { isRefused, isTemporary } from '../../../src/clients/database/errors.ts';
import { proveDatabase } from '../../../src/clients/database/startup.ts';
import { systemClock as clock } from '../../../src/clock.ts';
import { StartupError } from '../../../src/errors.ts';
import { silentLogger as logger } from '../../support/logger.ts';
import { skipLine } from '../../support/skip.ts';
import { createFixture, startDatabase, type TestDatabase } from './fixture.ts';
import { hasPgBouncer, type PgBouncerOptions, startPgBouncer } from './pgbouncer.ts';
import { type Refusal, startPooler } from './pooler.ts';

let server: TestDatabase;

before(async () => {
  server = await startDatabase();
});
after(() => server?.stop());

/** Runs statements that may not be repeated. @returns the errors */
async function failures(database: Awaited<ReturnType<typeof createFixture>>['database']) {
  const results = await Promise.allSettled(
    Array.from({ length: 40 }, () => database.query('SELECT current_user')),
  );
  return results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []));
}

async function startError(credentials: DatabaseCredentials): Promise<StartupError> {
  const { database, secret } = await createFixture(credentials, { cooldown: 100 });
  const error = await proveDatabase({ database, secret, clock, logger, timeout: 1_500 }).catch((e) => e);
  assert.ok(error instanceof StartupError, String(error));
  return error;
}

/** As the poolers' sources and reports of their users have them. */
const REFUSALS: [pooler: string, refusal: Refusal][] = [
  ['PgBouncer', { code: '08P01', message: 'SASL authentication failed' }],
  ['PgBouncer', { code: '08P01', message: 'password authentication failed' }],
  ['PgBouncer', { code: '08P01', message: 'no such user' }],
  ['PgBouncer', { code: '08P01', message: 'no such user: myapp_a' }],
  ['PgBouncer', { code: '08P01', message: 'auth failed' }],
  [
    'PgBouncer',
    { code: '08P01', message: 'server login has been failing, try again later (server_login_retry)' },
  ],
  [
    'PgBouncer, for a shared connection',
    {
      code: '08P01',
      message:
        'server login has been failing, cached error: password authentication failed (server_login_retry)',
      later: true,
    },
  ],
  ['Supavisor', { code: 'XX000', message: 'Tenant or user not found' }],
  ['Supavisor', { code: 'XX000', message: '(ENOTFOUND) tenant/user postgres.abc not found' }],
  ['Supavisor', { code: 'XX000', message: 'Authentication error' }],
  ['Supavisor', { code: '28P01', message: 'password authentication failed for user "postgres"' }],
  [
    'RDS Proxy',
    {
      code: '28000',
      message:
        'This RDS proxy has no credentials for the role myapp_a. Check the credentials for this role and try again.',
    },
  ],
  ['RDS Proxy', { code: '', message: 'The password that was provided for the role myapp_a is wrong.' }],
  ['PgCat', { code: '58000', message: 'No pool configured for database: "myapp", user: "myapp_a"' }],
];

describe('a refused login behind a pooler', () => {
  for (const [pooler, refusal] of REFUSALS)
    it(`${pooler}: "${refusal.message}" reads the secret and costs no request`, async (t) => {
      const [first, second] = [await server.createLogin(), await server.createLogin()];
      const relay = await startPooler(first.port);
      t.after(relay.close);
      const { database, put, backend, currentUser } = await createFixture({ ...first, port: relay.port });
      t.after(database.close);
      await database.start();
      put({ ...second, port: relay.port });
      relay.refuse(first.username, refusal);
      relay.cut();
      while (database.status().connections.idle > 0) await delay(1);
      assert.deepEqual(await failures(database), []);
      assert.equal(await currentUser(), second.username);
      assert.equal(backend.calls.read, 2, 'one read at startup and one for the rotation');
    });

  it('at startup is for a person to fix', async (t) => {
    const login = await server.createLogin();
    const relay = await startPooler(login.port);
    t.after(relay.close);
    relay.refuse(login.username, { code: '08P01', message: 'SASL authentication failed' });
    const error = await startError({ ...login, port: relay.port });
    assert.equal(error.exitCode, 78);
    assert.match(error.report(), /refuses the login of login_\d+ \[08P01\]/);
  });
});

describe('a pooler that has no connection for now', () => {
  for (const message of [
    'query_wait_timeout',
    'client_login_timeout',
    'no more connections allowed (max_client_conn)',
  ])
    it(`"${message}" is no refused login`, () => {
      const error = Object.assign(new Error(message), { code: '08P01', severity: 'FATAL' });
      assert.equal(isRefused(error), false);
      assert.equal(isTemporary(error), true);
    });
});

const BOUNCER = { username: 'bouncer', password: 'bouncer' };

describe('a real PgBouncer', () => {
  const skip = !hasPgBouncer() && skipLine('PgBouncer', 'the command pgbouncer is not on the path');

  before(() => server.administrate(`CREATE ROLE bouncer SUPERUSER LOGIN PASSWORD 'bouncer'`));

  const rotate = async (t: TestContext, poolMode: PgBouncerOptions['poolMode'], by: string) => {
    const [first, second] = [await server.createLogin(), await server.createLogin()];
    const access = by === 'auth_query' ? { authUser: BOUNCER } : { users: [first, second] };
    const pooler = await startPgBouncer({ target: server.app, poolMode, ...access });
    t.after(pooler.stop);
    const through = (login: DatabaseCredentials) => ({ ...login, port: pooler.port });
    const { database, put, currentUser } = await createFixture(through(first));
    t.after(database.close);
    await database.start();
    put(through(second));
    await server.lockOut(first);
    assert.deepEqual(await failures(database), []);
    assert.equal(await currentUser(), second.username);
  };

  for (const poolMode of ['session', 'transaction'] as const)
    for (const by of ['auth_query', 'user list'] as const)
      it(`a rotation costs no request: ${poolMode} pooling, ${by}`, { skip }, (t) => rotate(t, poolMode, by));

  it('a wrong password and an unknown user are for a person to fix', { skip }, async (t) => {
    const login = await server.createLogin();
    const pooler = await startPgBouncer({ target: server.app, authUser: BOUNCER, poolMode: 'session' });
    t.after(pooler.stop);
    for (const wrong of [{ password: 'wrong' }, { username: 'unknown' }]) {
      const error = await startError({ ...login, ...wrong, port: pooler.port });
      assert.equal(error.exitCode, 78);
      assert.match(error.report(), /refuses the login of/);
    }
  });
});
