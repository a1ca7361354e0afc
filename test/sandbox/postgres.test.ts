/** The sandbox's PostgreSQL: privileges of its roles, and a clean end. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { after, before, describe, type TestContext, test } from 'node:test';
import { Client, type ClientConfig } from 'pg';
import {
  type DatabaseCredentials,
  type DatabaseRoles,
  prepareDatabase,
} from '../../sandbox/database-roles.ts';
import { type Postgres, startPostgres } from '../../sandbox/postgres.ts';
import { TEMPLATE } from '../../sandbox/postgres-cluster.ts';
import { type Reaper, startReaper } from '../../sandbox/reaper.ts';

// This file tests initdb, too.
delete process.env[TEMPLATE];

const SOON = { timeout: 60_000, interval: 25 };

const REFUSED = { code: 'ECONNREFUSED' };
const INSUFFICIENT_PRIVILEGE = { code: '42501' };
const INVALID_PASSWORD = { code: '28P01' };

let reaper: Reaper;
before(() => {
  reaper = startReaper();
});
after(() => reaper.close());

const temporaryDirectory = async () => {
  const directory = await mkdtemp(join(tmpdir(), 'postgres test '));
  reaper.remove(directory);
  return directory;
};

const query = async (connection: ClientConfig, text: string) => {
  const client = new Client(connection);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
};

const as = ({ username: user, dbname: database, ...rest }: DatabaseCredentials) => ({
  user,
  database,
  ...rest,
});

const assertRejects = (connection: ClientConfig, statement: string, expected: object) =>
  assert.rejects(query(connection, statement), expected);

describe('roles', { timeout: 300_000 }, () => {
  let postgres: Postgres;
  let roles: DatabaseRoles;

  before(async () => {
    postgres = await startPostgres({ directory: await temporaryDirectory(), reaper, maxConnections: 30 });
    roles = await prepareDatabase(postgres.connection);
    await query(
      as(roles.owner),
      `CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY, body text);
       CREATE TABLE unshared ();
       GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO myapp_app`,
    );
  });
  after(() => postgres.stop());

  test('is PostgreSQL 18 with the settings asked for', async () => {
    const [row] = await query(
      postgres.connection,
      `SELECT current_setting('server_version_num')::int / 10000 AS version,
              current_setting('max_connections') AS connections,
              current_setting('listen_addresses') AS addresses`,
    );
    assert.deepEqual(row, { version: 18, connections: '30', addresses: '127.0.0.1' });
  });

  test('the app reads and writes rows as the owner allows', async () => {
    const [row] = await query(as(roles.app), `INSERT INTO notes (body) VALUES ('a') RETURNING id, body`);
    assert.deepEqual(row, { id: '1', body: 'a' });
    await query(as(roles.app), `UPDATE notes SET body = 'b'`);
    await query(as(roles.app), 'DELETE FROM notes');
  });

  for (const statement of [
    'CREATE TABLE mine (id int)',
    'CREATE TEMPORARY TABLE mine (id int)',
    'CREATE SCHEMA mine',
    'DROP TABLE notes',
    'TRUNCATE notes',
    'SELECT FROM unshared',
    'ALTER TABLE notes ADD COLUMN more int',
    'SELECT rolpassword FROM pg_authid',
    'CREATE ROLE friend LOGIN',
    'SET ROLE myapp_owner',
    "SELECT pg_read_file('/etc/passwd')",
    "COPY notes FROM PROGRAM 'id'",
  ])
    test(`the app may not ${statement}`, () =>
      assertRejects(as(roles.app), statement, INSUFFICIENT_PRIVILEGE));

  test('the app may connect to its own database only', async () => {
    for (const database of ['postgres', 'template1'])
      await assertRejects({ ...as(roles.app), database }, 'SELECT 1', INSUFFICIENT_PRIVILEGE);
  });

  test('passwords are required, compared, and stored as SCRAM', async () => {
    await assertRejects({ ...as(roles.app), password: 'wrong' }, 'SELECT 1', INVALID_PASSWORD);
    await assertRejects({ ...postgres.connection, password: 'wrong' }, 'SELECT 1', INVALID_PASSWORD);
    const logins = await query(
      postgres.connection,
      `SELECT rolname, rolpassword LIKE 'SCRAM-SHA-256$%' AS scram FROM pg_authid
       WHERE rolcanlogin ORDER BY rolname`,
    );
    assert.deepEqual(
      logins,
      ['myapp_a', 'myapp_administrator', 'myapp_owner', 'postgres'].map((rolname) => ({
        rolname,
        scram: true,
      })),
    );
  });

  test('rotation can add a second login with the same privileges', async () => {
    await query(postgres.connection, `CREATE ROLE myapp_b LOGIN PASSWORD 'b' IN ROLE myapp_app`);
    const b = { ...as(roles.app), user: 'myapp_b', password: 'b' };
    assert.deepEqual(await query(b, 'SELECT count(*)::int AS notes FROM notes'), [{ notes: 0 }]);
  });
});

describe('start and end', { timeout: 300_000 }, () => {
  test('two at once; stop() ends only its own, with sessions open, and leaves no process', async (t) => {
    const [one, two] = await Promise.all([startForTest(t), startForTest(t)]);
    assert.notEqual(one.port, two.port);
    const session = new Client(one.connection);
    session.on('error', () => {});
    await session.connect();
    const [{ pid: backend }] = (await session.query('SELECT pg_backend_pid() AS pid')).rows;

    await one.stop();
    assert.equal(await one.exited, undefined);
    assert.deepEqual([one.pid, backend].map(isAlive), [false, false]);
    await assert.rejects(query(one.connection, 'SELECT 1'), REFUSED);
    assert.deepEqual(await query(two.connection, 'SELECT 1 AS one'), [{ one: 1 }]);
    await one.stop();
  });

  test('restarts on the same port with the same data, and reports its end afterwards', async (t) => {
    const postgres = await startForTest(t);
    await query(postgres.connection, 'CREATE TABLE kept ()');
    const { pid } = postgres;
    await postgres.restart();
    assert.notEqual(postgres.pid, pid);
    assert.deepEqual(await query(postgres.connection, 'SELECT FROM kept'), []);
    process.kill(Number(postgres.pid), 'SIGQUIT');
    assert.match(String(await postgres.exited), /immediate shutdown/);
  });

  test('reports an unexpected end, with the last lines of the log', async (t) => {
    const postgres = await startForTest(t);
    process.kill(Number(postgres.pid), 'SIGQUIT');
    assert.match(String(await postgres.exited), /postgres ended with code 0:\n(.*\n)*.*immediate shutdown/);
  });

  test('keeps passwords out of files, arguments and the log', async (t) => {
    const directory = await temporaryDirectory();
    const postgres = await startPostgres({ directory, reaper });
    t.after(() => postgres.stop());
    assert.deepEqual((await readdir(join(directory, 'postgresql'))).sort(), ['data', 'native']);
    if (process.platform === 'linux') {
      const commandLine = readFileSync(`/proc/${postgres.pid}/cmdline`, 'utf8');
      assert.ok(!commandLine.includes(String(postgres.connection.password)));
    }
    await assert.rejects(query(postgres.connection, `CREATE ROLE postgres LOGIN PASSWORD 'open-sesame'`));
    process.kill(Number(postgres.pid), 'SIGQUIT');
    const end = String(await postgres.exited);
    assert.match(end, /role "postgres" already exists/);
    assert.doesNotMatch(end, /open-sesame/);
  });

  test('a server that does not start reports the reason', async () => {
    await assert.rejects(
      startPostgres({ directory: await temporaryDirectory(), reaper, maxConnections: -1 }),
      /postgres ended with code 1:\n(.*\n)*.*max_connections/,
    );
  });

  for (const moment of ['serving', 'initializing'])
    test(`SIGKILL while ${moment} leaves no process and no directory, in a TMPDIR with a space`, async (t) => {
      const base = await mkdtemp(join(tmpdir(), 'postgres test '));
      t.after(() => rm(base, { recursive: true, force: true }));
      // As root, PostgreSQL's user must be able to pass through.
      await chmod(base, 0o711);
      const module = (name: string) => JSON.stringify(import.meta.resolve(`../../sandbox/${name}`));
      const code = `
        import { mkdtempSync } from 'node:fs';
        import { tmpdir } from 'node:os';
        import { join } from 'node:path';
        import { startPostgres } from ${module('postgres.ts')};
        import { startReaper } from ${module('reaper.ts')};
        const reaper = startReaper();
        const directory = mkdtempSync(join(tmpdir(), 'sandbox '));
        reaper.remove(directory);
        let initdb;
        const watch = (child, signal) => { initdb ??= child.pid; reaper.watch(child, signal); };
        const starting = startPostgres({ directory, reaper: { watch } });
        if (${moment === 'serving'}) console.log(JSON.stringify({ directory, pid: (await starting).pid }));
        else console.log(JSON.stringify({ directory, pid: initdb }));
        await starting;
      `;
      const parent = spawn(process.execPath, ['--input-type=module', '--eval', code], {
        env: { ...process.env, TMPDIR: base },
        detached: true,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const { directory, pid }: { directory: string; pid: number } = JSON.parse(
        await firstLine(parent.stdout),
      );
      assert.ok(isAlive(pid) && existsSync(directory));

      process.kill(-Number(parent.pid), 'SIGKILL');
      await t.waitFor(() => assert.equal(isAlive(pid), false), SOON);
      await t.waitFor(() => assert.equal(existsSync(directory), false), SOON);
    });
});

async function startForTest(t: TestContext): Promise<Postgres> {
  const postgres = await startPostgres({ directory: await temporaryDirectory(), reaper });
  t.after(() => postgres.stop());
  return postgres;
}

/** Fails when the output ends first, as when the program does not start. */
async function firstLine(input: Readable): Promise<string> {
  for await (const line of createInterface({ input })) return line;
  throw new Error('The program ended without output.');
}

/** A zombie is dead: in a container, the first process may never collect it. */
function isAlive(pid: number | undefined): boolean {
  try {
    process.kill(Number(pid), 0);
    return process.platform !== 'linux' || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
