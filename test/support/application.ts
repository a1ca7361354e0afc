/** Everything the service needs besides its backend: PostgreSQL with tables, roles and a user, and OpenAI. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { prepareDatabase } from '../../sandbox/database-roles.ts';
import { startOpenAI } from '../../sandbox/openai.ts';
import { startPostgres } from '../../sandbox/postgres.ts';
import { startReaper } from '../../sandbox/reaper.ts';
import { runMigrations } from '../../src/clients/database/migrations.ts';
import { hashPassword } from '../../src/passwords.ts';
import { databaseSchema } from '../../src/secrets/schemas.ts';

export const randomPassword = () => randomBytes(24).toString('base64url');

/** @param cleanUp receives what must be closed, also when the start fails halfway */
export async function startApplication(cleanUp: AsyncDisposableStack) {
  const reaper = startReaper();
  cleanUp.defer(reaper.close);
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'express-secrets-test-')));
  reaper.remove(directory);
  const postgres = await startPostgres({ directory, reaper });
  cleanUp.defer(postgres.stop);
  const openai = await startOpenAI();
  cleanUp.defer(openai.close);
  const roles = await prepareDatabase(postgres.connection);
  await runMigrations(databaseSchema.parse(roles.owner));

  /** A user with a password. */
  const user = { email: 'ada@example.com', password: randomPassword() };
  const superuser = new Client({ ...postgres.connection, database: roles.app.dbname });
  superuser.on('error', () => {});
  await superuser.connect();
  cleanUp.defer(() => superuser.end());
  await superuser.query("INSERT INTO users (email, password_hash, role) VALUES ($1, $2, 'admin')", [
    user.email,
    await hashPassword(user.password),
  ]);

  return {
    reaper,
    directory,
    roles,
    superuser,
    openai,
    user,
    /** Prefix of the service's secrets. */
    values: {
      database: { ...roles.app },
      jwt: { secret_key: randomPassword() + randomPassword(), algorithm: 'HS256', expiry_hours: '24' },
      openai: { api_key: openai.createKey(), model: 'echo', base_url: openai.baseUrl },
    },
  };
}
