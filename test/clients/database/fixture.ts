/** A real PostgreSQL for one test file, logins that a test may spoil, and the client on a secret in memory. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { type DatabaseCredentials, prepareDatabase } from '../../../sandbox/database-roles.ts';
import { startPostgres } from '../../../sandbox/postgres.ts';
import { createDatabase, type DatabaseOptions } from '../../../src/clients/database/database.ts';
import { runMigrations } from '../../../src/clients/database/migrations.ts';
import { systemClock as clock } from '../../../src/clock.ts';
import { createLiveSecret } from '../../../src/secrets/live-secret.ts';
import { databaseSchema } from '../../../src/secrets/schemas.ts';
import { silentLogger as logger } from '../../support/logger.ts';
import { createMemoryProvider } from '../../support/memory-provider.ts';

export interface FixtureOptions extends Partial<DatabaseOptions> {
  /** Milliseconds between two forced reads of the secret. */
  cooldown?: number;
}

/** The client on a secret whose versions the test writes. */
export async function createFixture(
  credentials: DatabaseCredentials,
  { cooldown = 5_000, ...options }: FixtureOptions = {},
  newer?: DatabaseCredentials,
) {
  const backend = createMemoryProvider();
  backend.put('myapp/database', credentials);
  if (newer) backend.put('myapp/database', newer);
  const { provider } = backend;
  const secret = createLiveSecret(
    { id: 'database', name: 'myapp/database', schema: databaseSchema, fields: [] },
    { provider, clock, logger, ttl: 3_600_000, random: Math.random, cooldown },
  );
  await secret.load();
  const database = createDatabase({ secret, clock, logger, ...options });
  const currentUser = async () =>
    (await database.query<{ current_user: string }>('SELECT current_user')).rows[0]?.current_user;
  return {
    backend,
    secret,
    database,
    currentUser,
    put: (value: object) => backend.put('myapp/database', value),
  };
}

/** Polls until `probe` gives what is expected. */
export async function eventually<T>(expected: T, probe: () => Promise<T>) {
  const deadline = performance.now() + 120_000;
  for (;;) {
    const actual = await probe();
    if (actual === expected) return;
    if (performance.now() > deadline) assert.equal(actual, expected);
  }
}

/** A PostgreSQL with the tables of the migrations. */
export async function startDatabase() {
  const directory = await mkdtemp(join(tmpdir(), 'database-test-'));
  const postgres = await startPostgres({ directory });
  const { owner, app } = await prepareDatabase(postgres.connection);
  await runMigrations(databaseSchema.parse(owner));

  const connectAdministrator = async (database = app.dbname) => {
    const client = new Client({ ...postgres.connection, database });
    client.on('error', () => {});
    await client.connect();
    return client;
  };
  let administrator = await connectAdministrator();
  let logins = 0;

  return {
    postgres,
    app,
    administrate: (text: string, values?: unknown[]) => administrator.query(text, values),
    async reconnectAdministrator() {
      administrator = await connectAdministrator();
    },

    /** A login of its own for each test, which may spoil it. */
    async createLogin(): Promise<DatabaseCredentials> {
      logins += 1;
      const username = `login_${logins}`;
      await administrator.query(`CREATE ROLE ${username} LOGIN PASSWORD '${username}' IN ROLE myapp_app`);
      return { ...app, username, password: username };
    },

    /** The login gets no new session, and its sessions end. */
    async lockOut({ username }: DatabaseCredentials) {
      await administrator.query(`ALTER ROLE ${username} NOLOGIN`);
      await administrator.query(
        'SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE usename = $1',
        [username],
      );
      await new Promise(setImmediate);
    },

    sessionsOf: async (username: string) =>
      (await administrator.query('SELECT FROM pg_stat_activity WHERE usename = $1', [username])).rowCount,

    /** Ends every session of the database and renames it. */
    async rename(from: string, to: string) {
      await administrator.end();
      const elsewhere = new Client({ ...postgres.connection, database: 'postgres' });
      await elsewhere.connect();
      await elsewhere.query(
        'SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE datname = $1',
        [from],
      );
      await elsewhere.query(`ALTER DATABASE ${from} RENAME TO ${to}`);
      await elsewhere.end();
      administrator = await connectAdministrator(to);
    },

    async stop() {
      await administrator.end();
      await postgres.stop();
      await rm(directory, { recursive: true });
    },
  };
}

export type TestDatabase = Awaited<ReturnType<typeof startDatabase>>;
