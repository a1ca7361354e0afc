/** A database login of somebody else, kept in the secret backend, for the feature that connects by reference. */
import { randomBytes } from 'node:crypto';
import { type Client, escapeLiteral } from 'pg';
import type { Backend, BackendName } from './backends.ts';

export interface ConnectionOptions {
  provider: BackendName;
  backend: Backend;
  /** Of the database that the login is for. */
  administrator: Client;
  database: { host: string; port: number; dbname: string };
}

/** Makes `warehouse` and its secret. */
export async function prepareConnection({ provider, backend, administrator, database }: ConnectionOptions) {
  const password = randomBytes(24).toString('base64url');
  await administrator.query(
    `CREATE ROLE warehouse LOGIN PASSWORD ${escapeLiteral(password)};
     GRANT CONNECT ON DATABASE ${database.dbname} TO warehouse`,
  );
  const path = 'myapp/credentials/warehouse';
  // Where names know no slash they have a hyphen instead.
  const name = provider === 'azure' || provider === 'file' ? path.replaceAll('/', '-') : path;
  await backend.put(name, JSON.stringify({ username: 'warehouse', password, ...database }));
  return {
    password,
    /** Lets the service connect there: without a list it connects nowhere. */
    environment: { CREDENTIALS_HOSTS: `${database.host}:${database.port}` },
  };
}
