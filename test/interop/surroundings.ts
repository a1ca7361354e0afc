/** What the service needs beside its backend, PostgreSQL and OpenAI, with its secrets put into that backend. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, escapeIdentifier, escapeLiteral } from 'pg';
import type { Backend, BackendName } from '../../sandbox/backends.ts';
import { prepareDatabase } from '../../sandbox/database-roles.ts';
import { startOpenAI } from '../../sandbox/openai.ts';
import { startPostgres } from '../../sandbox/postgres.ts';
import { startReaper } from '../../sandbox/reaper.ts';
import { runMigrations } from '../../src/migrations.ts';
import { hashPassword } from '../../src/passwords.ts';
import { secretName } from '../../src/secrets/names.ts';
import { databaseSchema } from '../../src/secrets/schemas.ts';

export interface SurroundingsOptions {
  provider: BackendName;
  backend: Backend;
  /** `SECRET_PREFIX`. */
  prefix: string;
  /** Receives what must be ended, also when the start fails half way. */
  cleanUp: AsyncDisposableStack;
}

const randomPassword = () => randomBytes(24).toString('base64url');

export async function startSurroundings({ provider, backend, prefix, cleanUp }: SurroundingsOptions) {
  const reaper = startReaper();
  cleanUp.defer(reaper.close);
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'express-secrets-interop-')));
  reaper.remove(directory);
  const postgres = await startPostgres({ directory, reaper });
  cleanUp.defer(postgres.stop);
  const openai = await startOpenAI();
  cleanUp.defer(openai.close);
  const { owner, app } = await prepareDatabase(postgres.connection);
  await runMigrations(databaseSchema.parse(owner));

  const user = { email: 'ada@example.com', password: randomPassword() };
  const administrator = new Client({ ...postgres.connection, database: app.dbname });
  administrator.on('error', () => {});
  await administrator.connect();
  cleanUp.defer(() => administrator.end());
  await administrator.query("INSERT INTO users (email, password_hash, role) VALUES ($1, $2, 'admin')", [
    user.email,
    await hashPassword(user.password),
  ]);

  const values = {
    database: { ...app },
    jwt: { secret_key: randomPassword() + randomPassword(), algorithm: 'HS256', expiry_hours: '24' },
    openai: { api_key: openai.createKey(), model: 'interop-echo', base_url: openai.baseUrl },
  };
  const planted = new Set<string>();
  const write = async (id: keyof typeof values) => {
    for (const value of [values.database.password, values.jwt.secret_key, values.openai.api_key])
      planted.add(value);
    await backend.put(secretName(id, { provider, prefix }), JSON.stringify(values[id]));
  };
  for (const id of ['database', 'jwt', 'openai'] as const) await write(id);

  const allow = async ({ username, password }: typeof values.database) => {
    const { rowCount } = await administrator.query('SELECT FROM pg_roles WHERE rolname = $1', [username]);
    const [role, verb] = [escapeIdentifier(username), rowCount === 0 ? 'CREATE' : 'ALTER'];
    await administrator.query(`${verb} ROLE ${role} LOGIN PASSWORD ${escapeLiteral(password)}`);
    await administrator.query(`GRANT myapp_app TO ${role}`);
  };
  const sessions = async (username: string) => {
    const counted = await administrator.query('SELECT FROM pg_stat_activity WHERE usename = $1', [username]);
    return counted.rowCount ?? 0;
  };
  /** Once its sessions have ended by themselves. @throws Error after ten seconds */
  const lockOut = async (username: string) => {
    const deadline = performance.now() + 10_000;
    while ((await sessions(username)) > 0) {
      if (performance.now() > deadline) throw new Error(`${username} has sessions after ten seconds`);
      await delay(50);
    }
    await administrator.query(`ALTER ROLE ${escapeIdentifier(username)} NOLOGIN`);
  };

  return {
    reaper,
    environment: { SECRET_PROVIDER: provider, SECRET_PREFIX: prefix, ...backend.environment },
    /** Someone who can log in. */
    user,
    /** Every secret there ever was. */
    plantedValues: () => [...planted, user.password],
    rotate: {
      /** To the other of two logins, as AWS's "alternating users" does. `lockOld` waits until nobody uses the old one. */
      async database() {
        const old = values.database.username;
        const username = old === 'myapp_a' ? 'myapp_b' : 'myapp_a';
        Object.assign(values.database, { username, password: randomPassword() });
        await allow(values.database);
        await write('database');
        return { username, lockOld: () => lockOut(old) };
      },
      async jwt() {
        values.jwt.secret_key = randomPassword() + randomPassword();
        await write('jwt');
      },
      /** The old key is refused at once. */
      async openai() {
        const old = values.openai.api_key;
        values.openai.api_key = openai.createKey();
        await write('openai');
        openai.revokeKey(old);
      },
    },
  };
}
