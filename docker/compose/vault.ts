/** Vault's engines, policies and AppRoles. Everything here may be said twice. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { DatabaseCredentials } from '../../sandbox/database-roles.ts';

const { VAULT_ADDR = '' } = process.env;

/** Of the stack's administrator, which the service never is. */
export const rootToken = () => readFileSync('/administrator/.vault-token', 'utf8').trim();

const mayRead = (...names: string[]) =>
  names.map(
    (name) => `path "secret/data/myapp/${name}" { capabilities = ["read"] }
path "secret/metadata/myapp/${name}" { capabilities = ["read"] }`,
  );
const mayWrite = (...names: string[]) =>
  names.map(
    (name) => `path "secret/data/myapp/${name}" { capabilities = ["create", "read", "update"] }
path "secret/metadata/myapp/${name}" { capabilities = ["read"] }`,
  );
const MAY_LEASE = [
  'path "database/creds/myapp" { capabilities = ["read"] }',
  'path "sys/leases/revoke" { capabilities = ["update"] }',
];

/** Who there is beside the administrator. Each has the secret id in a volume of its own. */
const POLICIES: Record<'app' | 'migrate' | 'secrets', string[]> = {
  app: [...mayRead('database', 'jwt', 'openai', 'external-api-keys'), ...MAY_LEASE],
  migrate: mayRead('database-owner'),
  secrets: [...mayRead('database', 'openai-administrator'), ...mayWrite('jwt', 'openai'), ...MAY_LEASE],
};

export async function prepareVault(administrator: DatabaseCredentials) {
  await mount('sys/mounts/secret', { type: 'kv', options: { version: '2' } });
  await mount('sys/mounts/database', { type: 'database' });
  await mount('sys/auth/approle', { type: 'approle' });

  const { username, password, host, port, dbname } = administrator;
  await call('POST', 'database/config/myapp', {
    plugin_name: 'postgresql-database-plugin',
    allowed_roles: ['myapp'],
    connection_url: `postgresql://{{username}}:{{password}}@${host}:${port}/${dbname}?sslmode=verify-full&sslrootcert=/authority/ca.pem`,
    username,
    password,
    password_authentication: 'scram-sha-256',
  });
  await call('POST', 'database/roles/myapp', {
    db_name: 'myapp',
    creation_statements: [
      `CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE myapp_app`,
    ],
    revocation_statements: ['DROP ROLE IF EXISTS "{{name}}"'],
    default_ttl: '1h',
    max_ttl: '24h',
  });

  for (const [name, rules] of Object.entries(POLICIES)) {
    await call('PUT', `sys/policies/acl/${name}`, { policy: rules.join('\n') });
    await call('POST', `auth/approle/role/${name}`, { token_policies: [name], token_ttl: '1h' });
    await call('POST', `auth/approle/role/${name}/role-id`, { role_id: name });
    await handOverSecretId(name);
  }
}

async function handOverSecretId(name: string) {
  const path = `/${name}-identity/secret-id`;
  if (existsSync(path)) return;
  const { data } = await call('POST', `auth/approle/role/${name}/secret-id`, {});
  writeFileSync(`${path}.new`, data.secret_id, { mode: 0o400 });
  renameSync(`${path}.new`, path);
}

async function mount(path: string, body: object) {
  const [, kind, name] = path.split('/');
  const mounted = await call('GET', `sys/${kind}`);
  if (!mounted.data[`${name}/`]) await call('POST', path, body);
}

// biome-ignore lint/suspicious/noExplicitAny: each endpoint answers something else
async function call(method: string, path: string, body?: object): Promise<any> {
  const response = await fetch(`${VAULT_ADDR}/v1/${path}`, {
    method,
    headers: { 'X-Vault-Token': rootToken() },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}
