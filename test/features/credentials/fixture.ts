/** The feature without HTTP on real backends: every stand-in, PostgreSQL with a login of a third party, no main service. */
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import pg from 'pg';
import { startAwsSecretsManager } from '../../../sandbox/aws-secrets-manager.ts';
import { startAzureKeyVault } from '../../../sandbox/azure-key-vault.ts';
import { startDapr } from '../../../sandbox/dapr.ts';
import { prepareDatabase } from '../../../sandbox/database-roles.ts';
import { startPostgres } from '../../../sandbox/postgres.ts';
import { startReaper } from '../../../sandbox/reaper.ts';
import { startVault } from '../../../sandbox/vault.ts';
import type { Database } from '../../../src/clients/database/database.ts';
import { runMigrations } from '../../../src/clients/database/migrations.ts';
import { createComponents } from '../../../src/features/credentials/components.ts';
import { type CredentialsOptions, createCredentials } from '../../../src/features/credentials/credentials.ts';
import { settings } from '../../../src/features/credentials/settings.ts';
import { createStoredConfigurations } from '../../../src/features/credentials/stored-configurations.ts';
import { getBackend } from '../../../src/secrets/providers/registry.ts';
import { databaseSchema } from '../../../src/secrets/schemas.ts';

export type Fixture = Awaited<ReturnType<typeof startFixture>>;

/** Everything below `myapp`, so that it is the feature and not the backend that refuses. */
const mayRead = (name: string) => /^myapp[/-]/.test(name);

export async function startFixture() {
  const reaper = startReaper();
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'credentials-')));
  const [postgres, aws, vault, azure, dapr] = await Promise.all([
    startPostgres({ directory, reaper }),
    startAwsSecretsManager({ directory, mayRead }),
    startVault({ mayRead }),
    startAzureKeyVault({ directory, mayRead }),
    startDapr({ mayRead }),
  ]);
  setDefaultCACertificates([...getCACertificates('default'), azure.ca]);
  Object.assign(process.env, aws.environment, azure.environment);

  const { owner, app } = await prepareDatabase(postgres.connection);
  await runMigrations(databaseSchema.parse(owner));
  const pool = new pg.Pool({ ...app, user: app.username, database: app.dbname });
  // Its connections may learn that the server stops before they are closed.
  pool.on('error', () => {});
  const administrator = new pg.Client(postgres.connection);
  await administrator.connect();
  const login = { username: 'warehouse', password: 'planted-c4n4ry-password' };
  await administrator.query(`CREATE ROLE warehouse LOGIN PASSWORD '${login.password}'`);
  await administrator.query('CREATE DATABASE sales');
  await administrator.end();

  const configured = getBackend('vault').configure(vault.environment);
  if ('problems' in configured) throw new Error('The environment of the sandbox is incomplete.');
  const main = await configured.create();
  const {
    components: componentSettings,
    awsPlaces,
    azureVaults,
  } = settings.parse({
    CREDENTIALS_AWS_ACCOUNTS: 'eu-central-1:000000000000',
    CREDENTIALS_AZURE_VAULTS: azure.url,
    COMPONENT_SECRETSTORE_PROVIDER: 'dapr',
    COMPONENT_SECRETSTORE_DAPR_HTTP_ENDPOINT: dapr.url,
    COMPONENT_SECRETSTORE_DAPR_API_TOKEN: dapr.environment.DAPR_API_TOKEN,
  });
  const components = createComponents({
    main,
    settings: componentSettings,
    prefix: 'myapp/credentials/',
    deploymentDocument: 'myapp/deployment',
  });

  const query: Database['query'] = (text, values) => pool.query(text, values);

  return {
    login,
    /** What a configuration says of the server. */
    server: { host: postgres.host, port: postgres.port, extra: { database: 'sales' } },
    backends: { aws, vault, azure, dapr },
    components,
    pool,
    create: (options: Partial<CredentialsOptions> = {}) =>
      createCredentials({
        stored: createStoredConfigurations({ query, read: query }),
        sources: { components, awsPlaces, azureVaults },
        hosts: [{ host: postgres.host, port: postgres.port }],
        environment: 'development',
        ...options,
      }),
    async close() {
      await pool.end();
      await components.close();
      await main.close?.();
      await Promise.all([postgres.stop(), aws.close(), vault.close(), azure.close(), dapr.close()]);
      await rm(directory, { recursive: true });
      await reaper.close();
    },
  };
}
