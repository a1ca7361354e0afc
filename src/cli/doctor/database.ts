/** Does the database accept the login, and may it do what the service does with the tables? */
import type pg from 'pg';
import { withConnection } from '../../clients/database/connection.ts';
import { diagnose, placeOf } from '../../clients/database/errors.ts';
import { parseSecret } from '../../secrets/parse-secret.ts';
import { databaseSchema } from '../../secrets/schemas.ts';
import { backendOf, type Check, CheckFailed, type Complaint, type Findings, secretOf } from './check.ts';

/** What the migrations grant to the application, and its routes need. */
const TABLES: Record<string, string[]> = { users: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] };

export const databaseLogin: Check = {
  id: 'database-login',
  title: () => 'Database login',
  needs: ['shape-database'],
  run: ({ findings }) =>
    connected(findings, async (connection) => {
      const { rows } = await connection.query<{ server_version: string }>('SHOW server_version');
      return `PostgreSQL ${rows[0]?.server_version} accepts it`;
    }),
};

export const databaseTables: Check = {
  id: 'database-tables',
  title: () => 'Database tables',
  needs: ['database-login'],
  run: ({ findings }) =>
    connected(findings, async (connection, username) => {
      const complaints = await Promise.all(
        Object.entries(TABLES).map(([table, rights]) => inspect(connection, table, rights, username)),
      );
      if (complaints.flat().length > 0) throw new CheckFailed(complaints.flat());
      return `${Object.keys(TABLES).join(', ')}: there, with the rights that the service needs`;
    }),
};

/** Catalogues may be read by everybody, so that what is missing and what is forbidden can be told apart. */
const RIGHTS = `
  SELECT has_schema_privilege(n.oid, 'USAGE') AS reachable,
         ARRAY(SELECT p FROM unnest($2::text[]) AS p WHERE NOT has_table_privilege(c.oid, p)) AS missing
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relname = $1 AND n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v')`;

async function inspect(
  connection: pg.Client,
  table: string,
  rights: string[],
  username: string,
): Promise<Complaint[]> {
  const { rows } = await connection.query<{ reachable: boolean; missing: string[] }>(RIGHTS, [table, rights]);
  const [found] = rows;
  const complain = (code: string, message: string, remedy: string) => [
    { subject: 'database', code, message, remedy, temporary: false },
  ];
  if (!found)
    return complain(
      '42P01',
      `There is no table ${table}`,
      'Run the migrations, as the role that owns the database: npm run migrate',
    );
  if (found.reachable && found.missing.length === 0) return [];
  const what = found.reachable
    ? `may not ${found.missing.join(', ')} on ${table}`
    : 'may not use the schema public';
  return complain(
    '42501',
    `${username} ${what}`,
    `Grant the role myapp_app to ${username}; the migrations give that role its rights.`,
  );
}

async function connected(
  findings: Findings,
  work: (connection: pg.Client, username: string) => Promise<string>,
): Promise<string> {
  const { config } = backendOf(findings);
  const value = parseSecret(databaseSchema, secretOf(findings, 'database'));
  try {
    return await withConnection(value, (connection) => work(connection, value.username));
  } catch (error) {
    if (error instanceof CheckFailed) throw error;
    throw new CheckFailed([
      { subject: 'database', ...diagnose(error, placeOf(config.secretNames.database, value)) },
    ]);
  }
}
