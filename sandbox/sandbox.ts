/** Everything that the service connects to, on this machine: one secret backend, PostgreSQL and OpenAI, with data. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Client, escapeIdentifier, escapeLiteral } from 'pg';
import { FEATURES } from '../src/all-features.ts';
import { runMigrations } from '../src/clients/database/migrations.ts';
import { declaredSecrets } from '../src/declared-secrets.ts';
import { hashPassword } from '../src/passwords.ts';
import { getBackend } from '../src/secrets/providers/registry.ts';
import { databaseSchema, SECRET_IDS, SECRETS } from '../src/secrets/schemas.ts';
import { type BackendName, startBackend } from './backends.ts';
import { prepareConnection } from './connection.ts';
import { prepareDatabase } from './database-roles.ts';
import { startExternalApis } from './external-apis.ts';
import { startOpenAI } from './openai.ts';
import { createParts, type Parts } from './parts.ts';
import { startPostgres } from './postgres.ts';
import { startReaper } from './reaper.ts';
import { sampleValue } from './sample-value.ts';

export const ROTATABLE = ['database', 'jwt', 'openai'] as const;
export type Rotatable = (typeof ROTATABLE)[number];

const PREFIX = 'myapp';
const randomPassword = () => randomBytes(24).toString('base64url');

export type Sandbox = Awaited<ReturnType<typeof startSandbox>>;

/** Creates the login, or changes its password. */
async function makeLogin(
  administrator: Client,
  { username, password }: { username: string; password: string },
) {
  const { rowCount } = await administrator.query('SELECT FROM pg_roles WHERE rolname = $1', [username]);
  const verb = rowCount === 0 ? 'CREATE' : 'ALTER';
  await administrator.query(
    `${verb} ROLE ${escapeIdentifier(username)} LOGIN PASSWORD ${escapeLiteral(password)}`,
  );
  await administrator.query(
    `GRANT myapp_app TO ${escapeIdentifier(username)};
     GRANT ${escapeIdentifier(username)} TO myapp_administrator WITH ADMIN TRUE, INHERIT FALSE, SET FALSE`,
  );
}

/** Ends the login: no new session, and no session that is open. */
async function lock(administrator: Client, role: string) {
  await administrator.query(`ALTER ROLE ${escapeIdentifier(role)} NOLOGIN`);
  await administrator.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [
    role,
  ]);
}

export interface SandboxOptions {
  provider: BackendName;
  /** Vault creates a database login per process. Lifetime and maximum lifetime of its lease, in seconds. */
  leases?: { defaultTtl: number; maxTtl: number } | undefined;
  /** Makes passwords and signing keys of 32 characters or more. Default: random ones. */
  createPassword?: () => string;
}

/** Credentials are random for each run. `close` ends every process and removes every file, as a failed start does. */
export async function startSandbox(options: SandboxOptions) {
  const parts = createParts();
  try {
    return { ...(await startParts(options, parts)), close: parts.end };
  } catch (error) {
    await parts.end();
    throw error;
  }
}

async function startParts(
  { provider, leases, createPassword = randomPassword }: SandboxOptions,
  parts: Parts,
) {
  const reaper = startReaper();
  await parts.add(Promise.resolve(reaper), () => reaper.close());
  const directory = await parts.add(
    mkdtemp(join(tmpdir(), 'express-secrets-sandbox-')).then((path) => realpath(path)),
    (path) => rm(path, { recursive: true, force: true }),
  );
  reaper.remove(directory);

  const nameOf = (id: string) => getBackend(provider).nameOf(PREFIX, id);
  /** The service may read its own secrets, but not those of the owner and the administrators. */
  const forAdministrators = [
    'database-owner',
    ...SECRET_IDS.filter((id) => SECRETS[id].use === 'administrators'),
  ];
  const mayRead = (name: string) => !forAdministrators.some((id) => name === nameOf(id));

  const [postgres, openai, apis] = await Promise.all([
    parts.add(startPostgres({ directory, reaper }), (server) => server.stop()),
    parts.add(startOpenAI(), (server) => server.close()),
    parts.add(startExternalApis(), (servers) => servers.close()),
  ]);
  const engine = leases && {
    connection: { ...postgres.connection, database: 'myapp' },
    groupRole: 'myapp_app',
    ...leases,
  };
  const backend = await parts.add(
    startBackend(provider, { directory, mayRead, database: engine }),
    (server) => server.close(),
  );
  const { owner, app, administrator: databaseAdministrator } = await prepareDatabase(postgres.connection);
  await runMigrations(databaseSchema.parse(owner));

  const user = { email: 'ada@example.com', password: createPassword() };
  /** One connection per task, because the server may restart in between. */
  const asAdministrator = async <T>(work: (administrator: Client) => Promise<T>): Promise<T> => {
    const administrator = new Client({ ...postgres.connection, database: app.dbname });
    await administrator.connect();
    return work(administrator).finally(() => administrator.end());
  };
  const passwordHash = await hashPassword(user.password);
  await asAdministrator((administrator) =>
    administrator.query("INSERT INTO users (email, password_hash, role) VALUES ($1, $2, 'admin')", [
      user.email,
      passwordHash,
    ]),
  );

  const values = {
    database: { ...app },
    jwt: { secret_key: createPassword() + createPassword(), algorithm: 'HS256', expiry_hours: '24' },
    openai: { api_key: openai.createKey(), model: openai.model, base_url: openai.baseUrl },
    'external-api-keys': apis.createKeys(),
  };
  const write = (id: keyof typeof values) => backend.put(nameOf(id), JSON.stringify(values[id]));
  await backend.put(nameOf('database-owner'), JSON.stringify(owner));
  // A process that reads the directory reads every file in it, and files are not rotated.
  if (backend.writer) {
    await backend.put(nameOf('database-administrator'), JSON.stringify(databaseAdministrator));
    await backend.put(nameOf('openai-administrator'), JSON.stringify(openai.administrator));
  }
  await Promise.all((Object.keys(values) as (keyof typeof values)[]).map(write));
  // Secrets that a team has added.
  for (const { id, schema, use } of declaredSecrets(FEATURES))
    if (use !== 'administrators' && !(id in values))
      await backend.put(nameOf(id), JSON.stringify(sampleValue(schema)));
  const { host, port, dbname } = app;
  const connection = await asAdministrator((administrator) =>
    prepareConnection({ provider, backend, administrator, database: { host, port, dbname } }),
  );

  /** Queried each time, because `npm run secrets` rotates too. */
  const servingLogin = async (administrator: Client): Promise<string> => {
    const { rows } = await administrator.query<{ rolname: string }>(
      "SELECT rolname FROM pg_roles WHERE rolcanlogin AND rolname IN ('myapp_a', 'myapp_b')",
    );
    return rows[0]?.rolname ?? values.database.username;
  };

  const replaceLogin = async (administrator: Client) => {
    const old = await servingLogin(administrator);
    const username = old === 'myapp_a' ? 'myapp_b' : 'myapp_a';
    Object.assign(values.database, { username, password: createPassword() });
    await makeLogin(administrator, values.database);
    await write('database');
    await lock(administrator, old);
  };

  /** Hard rotations: the old credentials stop working at once, in idle sessions too. */
  const rotations: Record<Rotatable, () => Promise<void>> = {
    database: () => (backend.revokeLeases ? backend.revokeLeases() : asAdministrator(replaceLogin)),
    async jwt() {
      values.jwt.secret_key = createPassword() + createPassword();
      await write('jwt');
    },
    async openai() {
      openai.revokeKeys();
      values.openai.api_key = openai.createKey();
      await write('openai');
    },
  };

  return {
    provider,
    backend,
    openai,
    apis,
    postgres,
    reaper,
    /** Resolves with the reason when a part of the sandbox ends unexpectedly. */
    crashed: Promise.race([
      postgres.exited.then((error) => error?.message ?? 'PostgreSQL ended'),
      reaper.ended.then(() => 'the clean-up process ended'),
    ]),
    /** A user with the role admin. */
    user,
    /** The environment of the service. */
    environment: {
      SECRET_PROVIDER: provider,
      ...backend.environment,
      ...connection.environment,
      ...apis.environment,
      ...(leases && { VAULT_DATABASE_ROLE: 'myapp' }),
    } as Record<string, string>,
    /** Added to `environment`: an identity that may rotate. */
    writer: backend.writer,
    rotate: (id: Rotatable) => rotations[id](),
    /** Locks the database login that serves and ends its sessions. The replacement follows after `delay` milliseconds. */
    async lockOut(delay: number) {
      if (backend.revokeLeases) return backend.revokeLeases();
      await asAdministrator(async (administrator) => {
        const login = await servingLogin(administrator);
        await lock(administrator, login);
        // No login is left to tell which one is next.
        values.database.username = login;
      });
      await setTimeout(delay);
      await rotations.database();
    },
    /** Replaces the keys of Stripe and SendGrid. The old ones stop working at once. */
    async rotateApiKeys() {
      apis.revokeKeys();
      values['external-api-keys'] = apis.createKeys();
      await write('external-api-keys');
    },
    nameOf,
    /** A secret's value as the sandbox last wrote it. */
    valueOf: (id: Rotatable) => ({ ...values[id] }),
    /** Creates a login besides the one in the secret, as a database administrator would. */
    async createLogin(username: string) {
      const login = { ...values.database, username, password: randomPassword() };
      await asAdministrator((administrator) => makeLogin(administrator, login));
      return login;
    },
    /** The database secret's value as the sandbox last wrote it. */
    credentials: () => ({ ...values.database }),
    /** Every secret value that must not leak. */
    plantedValues: () => [
      values.database.password,
      values.jwt.secret_key,
      values.openai.api_key,
      values['external-api-keys'].stripe,
      values['external-api-keys'].sendgrid,
      owner.password,
      databaseAdministrator.password,
      openai.administrator.admin_key,
      user.password,
      connection.password,
    ],
  };
}
