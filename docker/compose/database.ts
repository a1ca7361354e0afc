/** Creates the database and its roles with the superuser's password, which no other service receives. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Client, escapeIdentifier, escapeLiteral } from 'pg';
import { type DatabaseRoles, prepareDatabase } from '../../sandbox/database-roles.ts';

/** Remembered, because each backend that is seeded needs them. */
const ROLES = '/seed/roles.json';

const superuser = () => ({
  host: 'postgres',
  port: 5432,
  user: 'postgres',
  password: readFileSync('/superuser/password', 'utf8').trim(),
  database: 'postgres',
  ssl: { ca: readFileSync('/authority/ca.pem', 'utf8') },
});

export async function prepareDatabaseOnce(): Promise<Pick<DatabaseRoles, 'owner' | 'administrator'>> {
  if (existsSync(ROLES)) return JSON.parse(readFileSync(ROLES, 'utf8'));
  // An interrupted run leaves roles with unknown passwords.
  await execute(
    'DROP DATABASE IF EXISTS myapp',
    'DROP ROLE IF EXISTS myapp_a, myapp_administrator, myapp_app, myapp_owner',
  );
  const roles = await prepareDatabase(superuser());
  // The logins are made by Vault's engine, or by `makeLogin`.
  await execute('DROP ROLE myapp_a');
  writeFileSync(ROLES, JSON.stringify(roles), { mode: 0o600 });
  return roles;
}

/** Makes the login or gives it another password. Rotation goes on from there. */
export async function makeLogin(username: string) {
  const password = randomBytes(24).toString('base64url');
  const role = escapeIdentifier(username);
  await execute(
    `DO $$ BEGIN CREATE ROLE ${role}; EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
    `ALTER ROLE ${role} LOGIN PASSWORD ${escapeLiteral(password)}`,
    `GRANT myapp_app TO ${role}`,
    `GRANT ${role} TO myapp_administrator WITH ADMIN TRUE, INHERIT FALSE, SET FALSE`,
  );
  return { username, password };
}

async function execute(...statements: string[]) {
  const client = new Client(superuser());
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
