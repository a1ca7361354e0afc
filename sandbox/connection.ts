/** A database login of a third party, kept in the secret backend, for the feature that connects by reference. */
import { randomBytes } from 'node:crypto';
import { type Client, escapeLiteral } from 'pg';
import { getBackend } from '../src/secrets/providers/registry.ts';
import type { Backend, BackendName } from './backends.ts';

export interface ConnectionOptions {
  provider: BackendName;
  backend: Backend;
  /** Connects to the database that the login is for. */
  administrator: Client;
  database: { host: string; port: number; dbname: string };
}

/** Creates the role `warehouse` and its secret. */
export async function prepareConnection({ provider, backend, administrator, database }: ConnectionOptions) {
  const password = randomBytes(24).toString('base64url');
  await administrator.query(
    `CREATE ROLE warehouse LOGIN PASSWORD ${escapeLiteral(password)};
     GRANT CONNECT ON DATABASE ${database.dbname} TO warehouse`,
  );
  const path = 'myapp/credentials/warehouse';
  const name = path.replaceAll('/', getBackend(provider).separator);
  await backend.put(name, JSON.stringify({ username: 'warehouse', password, ...database }));
  return {
    password,
    /** Allows the service to connect to this host. Without the list it connects to none. */
    environment: { CREDENTIALS_HOSTS: `${database.host}:${database.port}` },
  };
}
