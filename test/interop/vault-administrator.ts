/** An administrator of Vault or OpenBao for the suites: secrets, policies, logins, a database engine. */
import { randomBytes } from 'node:crypto';
import type { ClientConfig } from 'pg';

/** Role of the database engine, and the lifetime of its logins. */
export interface DatabaseRole {
  connection: ClientConfig & { host: string; port: number };
  database: string;
  /** Every login is a member of it. */
  groupRole: string;
  /** Seconds. */
  defaultTtl: number;
  maxTtl: number;
}

export async function createVaultAdministrator({ address, token }: { address: string; token: string }) {
  /** Prefix of everything that is created, so that several runs can share a server. */
  const prefix = `interop-${randomBytes(4).toString('hex')}`;

  const call = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${address}/v1/${path}`, {
      method,
      headers: { 'X-Vault-Token': token },
      ...(body && { body: JSON.stringify(body) }),
    });
    const answer = JSON.parse((await response.text()) || '{}');
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
    return answer;
  };
  const enable = async (path: string, type: string) => {
    const mounted = await call('GET', path.replace(/\/[^/]*$/, ''));
    if (!mounted[path.replace(/.*\//, '').concat('/')]) await call('POST', path, { type });
  };

  /** Creates an AppRole with a policy of the same name. */
  const createRole = async (name: string, policy: string) => {
    await call('PUT', `sys/policies/acl/${name}`, { policy });
    await call('POST', `auth/approle/role/${name}`, { token_policies: [name], token_ttl: '1h' });
    const { data: role } = await call('GET', `auth/approle/role/${name}/role-id`);
    const { data: secret } = await call('POST', `auth/approle/role/${name}/secret-id`, {});
    return {
      method: 'approle',
      roleId: role.role_id as string,
      secretId: secret.secret_id as string,
    } as const;
  };

  await enable('sys/auth/approle', 'approle');
  const appRole = await createRole(
    prefix,
    `
      path "secret/data/${prefix}/*" { capabilities = ["read"] }
      path "secret/metadata/${prefix}/*" { capabilities = ["read"] }
      path "database/creds/${prefix}" { capabilities = ["read"] }
      path "sys/leases/revoke" { capabilities = ["update"] }`,
  );
  const writerRole = await createRole(
    `${prefix}-writer`,
    `path "secret/data/${prefix}/*" { capabilities = ["create", "update"] }`,
  );

  return {
    prefix,
    appRole,
    writerRole,
    /** Creates a token with the application's policy. */
    async createToken(): Promise<string> {
      const { auth } = await call('POST', 'auth/token/create', { policies: [prefix], ttl: '1h' });
      return auth.client_token;
    },
    async put(name: string, value: string) {
      await call('POST', `secret/data/${name}`, { data: JSON.parse(value) });
    },
    /** Deletes the current version; it can be restored. */
    async remove(name: string) {
      await call('DELETE', `secret/data/${name}`);
    },
    /** Creates `database/creds/<prefix>`. */
    async createDatabaseRole({ connection, database, groupRole, defaultTtl, maxTtl }: DatabaseRole) {
      await enable('sys/mounts/database', 'database');
      await call('POST', `database/config/${prefix}`, {
        plugin_name: 'postgresql-database-plugin',
        allowed_roles: [prefix],
        connection_url: `postgresql://{{username}}:{{password}}@${connection.host}:${connection.port}/${database}?sslmode=disable`,
        username: connection.user,
        password: connection.password,
      });
      await call('POST', `database/roles/${prefix}`, {
        db_name: prefix,
        creation_statements: [
          `CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE ${groupRole}`,
        ],
        default_ttl: `${defaultTtl}s`,
        max_ttl: `${maxTtl}s`,
      });
    },
    /** Removes the connection, so that the server stops connecting to a database that is gone. */
    async removeDatabaseRole() {
      await call('PUT', `sys/leases/revoke-prefix/database/creds/${prefix}`, {});
      await call('DELETE', `database/roles/${prefix}`);
      await call('DELETE', `database/config/${prefix}`);
    },
  };
}
