/** What tests of rotations share: a real PostgreSQL, a backend in memory, a clock that runs by itself, and ways to die. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { Client } from 'pg';
import { type DatabaseCredentials, prepareDatabase } from '../../../sandbox/database-roles.ts';
import { startPostgres } from '../../../sandbox/postgres.ts';
import type { RotationOptions } from '../../../src/cli/rotate/rotation.ts';
import { APPLICATION_NAME } from '../../../src/clients/database/connection.ts';
import { runMigrations } from '../../../src/clients/database/migrations.ts';
import { type Clock, systemClock } from '../../../src/clock.ts';
import { createSecret, type SecretProvider } from '../../../src/secrets/provider.ts';
import { databaseSchema, SECRET_IDS, type SecretId } from '../../../src/secrets/schemas.ts';
import { createMemoryProvider } from '../../support/memory-provider.ts';

export const names = Object.fromEntries(SECRET_IDS.map((id) => [id, `myapp/${id}`])) as Record<
  SecretId,
  string
>;

export async function startDatabase() {
  const directory = await mkdtemp(join(tmpdir(), 'rotation-test-'));
  const postgres = await startPostgres({ directory });
  const roles = await prepareDatabase(postgres.connection);
  await runMigrations(databaseSchema.parse(roles.owner));
  const superuser = new Client({ ...postgres.connection, database: roles.app.dbname });
  await superuser.connect();
  let families = 0;

  const clientFor = ({ username, password, host, port, dbname }: DatabaseCredentials) =>
    new Client({ user: username, password, host, port, database: dbname });

  return {
    ...roles,
    superuser,
    clientFor,
    /** A first login of its own for each test. */
    async createLogin(end = '_a'): Promise<DatabaseCredentials> {
      families += 1;
      const username = `family${families}${end}`;
      await superuser.query(`
        CREATE ROLE ${username} LOGIN PASSWORD '${username}' IN ROLE myapp_app;
        GRANT ${username} TO myapp_administrator WITH ADMIN TRUE, INHERIT FALSE, SET FALSE`);
      return { ...roles.app, username, password: username };
    },
    /** Names of the same family that may log in. */
    async logins(username: string): Promise<string[]> {
      const { rows } = await superuser.query<{ rolname: string }>(
        'SELECT rolname FROM pg_roles WHERE rolcanlogin AND rolname ~ $1 ORDER BY 1',
        [`^${username.replace(/_[ab]$/, '')}(_[ab])?$`],
      );
      return rows.map(({ rolname }) => rolname);
    },
    async canUse(credentials: DatabaseCredentials): Promise<boolean> {
      const client = clientFor(credentials);
      try {
        await client.connect();
        await client.query('SELECT 1 FROM users');
        return true;
      } catch {
        return false;
      } finally {
        await client.end();
      }
    },
    /** Ends the connections of rotations as the death of their processes would. */
    async killRotations() {
      const where = 'FROM pg_stat_activity WHERE application_name = $1';
      await superuser.query(`SELECT pg_terminate_backend(pid) ${where}`, [APPLICATION_NAME]);
      const count = async () => (await superuser.query(`SELECT ${where}`, [APPLICATION_NAME])).rowCount;
      while ((await count()) !== 0) await turn();
    },
    async stop() {
      await superuser.end();
      await postgres.stop();
      await rm(directory, { recursive: true });
    },
  };
}

export type TestDatabase = Awaited<ReturnType<typeof startDatabase>>;

/** No test waits: each sleep advances the time. `onSleep` may change the state meanwhile. */
export function createRunningClock({ onSleep = async () => {} }: { onSleep?: () => Promise<void> } = {}) {
  const start = Date.UTC(2026, 0, 1);
  let now = 0;
  const clock: Clock & { advance(milliseconds: number): void } = {
    now: () => now,
    wall: () => start + now,
    schedule: systemClock.schedule,
    advance(milliseconds) {
      now += milliseconds;
    },
    async sleep(milliseconds, signal) {
      signal?.throwIfAborted();
      now += milliseconds;
      await onSleep();
      await turn();
      signal?.throwIfAborted();
    },
  };
  return clock;
}

/**
 * A backend and the options to rotate in it. `checkpoint` is passed at each report, and before and after each write:
 * it may throw, or never come back.
 */
export function createBackend(clock: Clock = createRunningClock()) {
  const backend = createMemoryProvider();
  const createdAt = new Map<string, Date>();
  let checkpoint: () => Promise<void> = async () => {};

  const put = (name: string, value: object) => {
    createdAt.set(name, new Date(clock.wall()));
    backend.put(name, value);
  };
  const provider: SecretProvider = {
    name: 'memory',
    async read(name, options) {
      const { value, version } = await backend.provider.read(name, options);
      return createSecret({ name, value, version, createdAt: createdAt.get(name) });
    },
    async write(name, value, options) {
      await checkpoint();
      const version = await backend.provider.write?.(name, value, options);
      createdAt.set(name, new Date(clock.wall()));
      await checkpoint();
      return version ?? '';
    },
  };
  const steps: string[] = [];

  return {
    provider,
    put,
    steps,
    failWith: backend.failWith,
    async stored(name: string): Promise<Record<string, string>> {
      return JSON.parse((await backend.provider.read(name)).value);
    },
    /** Calls `act` at the checkpoint with this index, counted from now. */
    at(index: number, act: () => Promise<void>) {
      let count = 0;
      checkpoint = async () => {
        if (count++ === index) await act();
      };
    },
    /** Counts checkpoints from now on. */
    count(): () => number {
      let count = 0;
      checkpoint = async () => {
        count += 1;
      };
      return () => count;
    },
    calm() {
      checkpoint = async () => {};
    },
    options: (changes: Partial<RotationOptions> = {}): RotationOptions => ({
      provider,
      names,
      clock,
      report: async (step) => {
        steps.push(step);
        await checkpoint();
      },
      signal: new AbortController().signal,
      ttl: 300_000,
      timeout: 900_000,
      wait: false,
      ...changes,
    }),
  };
}
