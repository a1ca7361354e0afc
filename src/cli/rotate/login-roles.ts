/** The two logins of an application in PostgreSQL: what they may do, making one like the other, locking one. */
import { type ClientBase, escapeIdentifier as identifier, escapeLiteral as literal } from 'pg';
import { RotationError } from '../rotation-error.ts';
import { scramVerifier } from './scram.ts';

export interface LoginRole {
  name: string;
  canLogIn: boolean;
  inherits: boolean;
  connectionLimit: number;
  /** Roles it is a member of, sorted. */
  groups: string[];
  /** Sessions it has now, in any database. */
  sessions: number;
  /** Roles that this administrator may not grant or alter: itself and its groups. */
  beyondReach: string[];
}

/**
 * Since PostgreSQL 16, CREATEROLE alone cannot alter a role: that takes the ADMIN OPTION, which the role's creator has.
 * https://www.postgresql.org/docs/current/role-attributes.html
 */
const ROLES = `
  SELECT role.rolname AS name, role.rolcanlogin AS "canLogIn", role.rolinherit AS inherits,
         role.rolconnlimit AS "connectionLimit", groups.names AS groups,
         (SELECT count(*)::int FROM pg_stat_activity WHERE usesysid = role.oid) AS sessions,
         ARRAY(SELECT rolname::text FROM pg_roles
               WHERE rolname = ANY (groups.names || role.rolname::text)
                 AND current_setting('server_version_num')::int >= 160000
                 AND NOT pg_has_role(oid, 'MEMBER WITH ADMIN OPTION')) AS "beyondReach"
  FROM pg_roles role, LATERAL (
    SELECT ARRAY(SELECT DISTINCT granted.rolname::text
                 FROM pg_auth_members JOIN pg_roles granted ON granted.oid = roleid
                 WHERE member = role.oid ORDER BY 1) AS names
  ) groups
  WHERE role.rolname = ANY ($1)`;

/** What a role has that no group gives: things it owns, and rights granted to it that its twin lacks. */
const OF_ITS_OWN = `
  SELECT DISTINCT deptype::text AS kind FROM pg_shdepend mine
  WHERE refclassid = 'pg_authid'::regclass AND refobjid = (SELECT oid FROM pg_roles WHERE rolname = $1)
    AND (deptype = 'o' OR deptype = 'a' AND NOT EXISTS (
      SELECT FROM pg_shdepend twin
      WHERE twin.refclassid = mine.refclassid AND twin.deptype = mine.deptype
        AND twin.refobjid = (SELECT oid FROM pg_roles WHERE rolname = $2)
        AND (twin.dbid, twin.classid, twin.objid) = (mine.dbid, mine.classid, mine.objid)))`;

/** Settings of a role, such as a search_path, as statements for another. PostgreSQL has quoted lists already. */
const SETTINGS = `
  SELECT format('ALTER ROLE %I %s SET %I TO %s', $2::text, place, parameter,
                CASE WHEN parameter IN ('search_path', 'temp_tablespaces') THEN value ELSE quote_literal(value) END
               ) AS statement
  FROM pg_db_role_setting
  LEFT JOIN pg_database ON pg_database.oid = setdatabase,
  LATERAL (SELECT CASE WHEN datname IS NULL THEN '' ELSE format('IN DATABASE %I', datname) END AS place) AS at,
  unnest(setconfig) AS setting,
  LATERAL (SELECT split_part(setting, '=', 1) AS parameter, substr(setting, strpos(setting, '=') + 1) AS value) AS pair
  WHERE setrole = (SELECT oid FROM pg_roles WHERE rolname = $1)`;

export function createLoginRoles(administrator: ClientBase) {
  const find = async (...names: string[]): Promise<LoginRole[]> =>
    (await administrator.query<LoginRole>(ROLES, [names])).rows;

  return {
    /** Those of the names that exist. */
    find,

    async sessions(name: string): Promise<number> {
      return (await find(name))[0]?.sessions ?? 0;
    },

    /** Whether `name` owns something, or has rights of its own that `twin` would lack. */
    async hasOfItsOwn(name: string, twin: string): Promise<{ objects: boolean; rights: boolean }> {
      const { rows } = await administrator.query<{ kind: string }>(OF_ITS_OWN, [name, twin]);
      return {
        objects: rows.some(({ kind }) => kind === 'o'),
        rights: rows.some(({ kind }) => kind === 'a'),
      };
    },

    /** Makes the login or changes it, whole or not at all: what `model` may do, with a password of its own. */
    async make(name: string, model: LoginRole, password: string): Promise<void> {
      const [existing] = await find(name);
      const role = identifier(name);
      const extra = existing?.groups.filter((group) => !model.groups.includes(group)) ?? [];
      const { rows: settings } = await administrator.query<{ statement: string }>(SETTINGS, [
        model.name,
        name,
      ]);
      const statements = [
        `${existing ? 'ALTER' : 'CREATE'} ROLE ${role} LOGIN ${model.inherits ? 'INHERIT' : 'NOINHERIT'}
           CONNECTION LIMIT ${model.connectionLimit} VALID UNTIL 'infinity'
           PASSWORD ${literal(scramVerifier(password))}`,
        ...extra.map((group) => `REVOKE ${identifier(group)} FROM ${role}`),
        ...model.groups.map((group) => `GRANT ${identifier(group)} TO ${role}`),
        `ALTER ROLE ${role} RESET ALL`,
        ...settings.map(({ statement }) => statement),
      ];
      await transaction(administrator, async () => {
        for (const statement of statements) await administrator.query(statement);
        // Grants of other roles are not revoked; PostgreSQL only warns.
        const [made] = await find(name);
        const kept = extra.filter((group) => made?.groups.includes(group));
        if (kept.length > 0)
          throw new RotationError(`${name} is in groups that ${model.name} is not in: ${kept.join(', ')}.`, {
            remedy: `As who granted them: REVOKE ${kept.join(', ')} FROM "${name}"`,
            temporary: false,
          });
      });
    },

    /** No new session from now on; those that exist go on. */
    async lock(name: string): Promise<void> {
      await administrator.query(`ALTER ROLE ${identifier(name)} NOLOGIN PASSWORD NULL`);
    },
  };
}

export type LoginRoles = ReturnType<typeof createLoginRoles>;

async function transaction(connection: ClientBase, work: () => Promise<void>): Promise<void> {
  await connection.query('BEGIN');
  try {
    await work();
    await connection.query('COMMIT');
  } catch (error) {
    // When the connection is gone, so is the transaction.
    await connection.query('ROLLBACK').catch(() => {});
    throw error;
  }
}
