/** Does PostgreSQL accept the login, and may it do what the service does with the tables? */
import type pg from 'pg';
import type { DatabaseSecret } from '../../secrets/schemas.ts';
import { type Proof, ProofError, type ProofProblem, type ProofWords } from '../proof.ts';
import { protectionOf, withConnection } from './connection.ts';
import { diagnose, type Place, placeOf } from './diagnosis.ts';

/** What the migrations grant to the application, and its routes need. */
const TABLES: Record<string, string[]> = { users: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] };

export const databaseProof: Proof<DatabaseSecret> = {
  serverOf: ({ host, port }) => `${host}:${port}`,
  steps: [
    {
      id: 'login',
      title: 'Database login',
      run: (value, words) =>
        connected(value, words, async (connection) => {
          const { rows } = await connection.query<{ server_version: string }>('SHOW server_version');
          return `PostgreSQL ${rows[0]?.server_version} accepts it, ${protectionOf(value).text}`;
        }),
    },
    {
      id: 'tables',
      title: 'Database tables',
      run: (value, words) =>
        connected(value, words, async (connection, { username }) => {
          const problems = await Promise.all(
            Object.entries(TABLES).map(([table, rights]) => inspect(connection, table, rights, username)),
          );
          if (problems.flat().length > 0) throw new ProofError(problems.flat());
          return `${Object.keys(TABLES).join(', ')}: there, with the rights that the service needs`;
        }),
    },
  ],
};

/** Every role may read the catalogues, so what is missing and what is forbidden can be told apart. */
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
): Promise<ProofProblem[]> {
  const { rows } = await connection.query<{ reachable: boolean; missing: string[] }>(RIGHTS, [table, rights]);
  const [found] = rows;
  if (!found)
    return [
      {
        code: '42P01',
        message: `There is no table ${table}`,
        remedy: 'Run the migrations, as the role that owns the database: npm run migrate',
        temporary: false,
      },
    ];
  if (found.reachable && found.missing.length === 0) return [];
  const what = found.reachable
    ? `may not ${found.missing.join(', ')} on ${table}`
    : 'may not use the schema public';
  return [
    {
      code: '42501',
      message: `${username} ${what}`,
      remedy: `Grant the role myapp_app to ${username}; the migrations give that role its rights.`,
      temporary: false,
    },
  ];
}

async function connected(
  value: DatabaseSecret,
  { secret, quotes }: ProofWords,
  work: (connection: pg.Client, place: Place) => Promise<string>,
): Promise<string> {
  const place = { ...(quotes ? placeOf(secret, value) : UNNAMED), secret };
  try {
    return await withConnection(value, (connection) => work(connection, place));
  } catch (error) {
    if (error instanceof ProofError) throw error;
    throw new ProofError([diagnose(error, place)], error);
  }
}

const UNNAMED = { server: 'PostgreSQL', username: 'this user', dbname: 'of this name' };
