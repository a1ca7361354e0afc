/**
 * The application's database and roles: an owner that migrates, a group that may use rows, the group's first login, and
 * an administrator that rotates logins.
 */
import { randomBytes } from 'node:crypto';
import { Client, type ClientConfig, escapeIdentifier, escapeLiteral } from 'pg';

/** A `database` secret's value. */
export interface DatabaseCredentials {
  username: string;
  password: string;
  host: string;
  port: number;
  dbname: string;
}

export interface DatabaseRoles {
  /** Owns the database and its tables; used for migrations. */
  owner: DatabaseCredentials;
  /** Has what the migrations grant to the group `<name>_app`. Rotation adds a second login like it. */
  app: DatabaseCredentials;
  /** Creates and locks the group's logins. Not a superuser; cannot read rows. */
  administrator: DatabaseCredentials;
}

/** @param connection as a superuser @param name of the database, and the prefix of its roles */
export async function prepareDatabase(
  connection: ClientConfig & { host: string; port: number },
  name = 'myapp',
): Promise<DatabaseRoles> {
  const credentials = (username: string): DatabaseCredentials => ({
    username,
    password: randomBytes(24).toString('base64url'),
    host: connection.host,
    port: connection.port,
    dbname: name,
  });
  const login = ({ username, password }: DatabaseCredentials) =>
    `CREATE ROLE ${escapeIdentifier(username)} LOGIN PASSWORD ${escapeLiteral(password)}`;
  const roles = {
    owner: credentials(`${name}_owner`),
    app: credentials(`${name}_a`),
    administrator: credentials(`${name}_administrator`),
  };
  const database = escapeIdentifier(name);
  const owner = escapeIdentifier(roles.owner.username);
  const group = escapeIdentifier(`${name}_app`);
  const first = escapeIdentifier(roles.app.username);
  const administrator = escapeIdentifier(roles.administrator.username);

  await execute(connection, [
    `${login(roles.owner)};
     CREATE ROLE ${group} NOLOGIN;
     ${login(roles.app)} IN ROLE ${group};
     ${login(roles.administrator)} CREATEROLE;
     GRANT ${group}, ${first} TO ${administrator} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE`,
    `CREATE DATABASE ${database} OWNER ${owner}`,
    // By default every role may connect to every database and create temporary tables there.
    `REVOKE ALL ON DATABASE ${database}, postgres, template1 FROM PUBLIC;
     GRANT CONNECT ON DATABASE ${database} TO ${group}, ${administrator}`,
  ]);
  await execute({ ...connection, database: name }, [
    `ALTER SCHEMA public OWNER TO ${owner};
     REVOKE ALL ON SCHEMA public FROM PUBLIC;
     GRANT USAGE ON SCHEMA public TO ${group}`,
  ]);
  return roles;
}

/** Each statement is a transaction of its own, as CREATE DATABASE requires. */
async function execute(connection: ClientConfig, statements: string[]) {
  const client = new Client(connection);
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
