/** The environment of the matrix: the four backends over TLS, one PostgreSQL, OpenAI, and a resolver that can fail. */
import dns from 'node:dns';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mock } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { escapeIdentifier, escapeLiteral } from 'pg';
import { startAwsSecretsManager } from '../../sandbox/aws-secrets-manager.ts';
import { startAzureKeyVault } from '../../sandbox/azure-key-vault.ts';
import type { BackendName } from '../../sandbox/backends.ts';
import { createCertificates } from '../../sandbox/certificates.ts';
import type { Faults } from '../../sandbox/faults.ts';
import { startFiles } from '../../sandbox/files.ts';
import type { Listening } from '../../sandbox/http.ts';
import { startOpenAI } from '../../sandbox/openai.ts';
import { NO_AWS_PROFILE } from '../../sandbox/service-environment.ts';
import { startVault } from '../../sandbox/vault.ts';
import { startDatabase } from '../cli/rotate/fixture.ts';
import { createPlantedKey, createPlantedValue, createScanner, type Leak } from '../leaks/scanner.ts';

export const REQUIRED = ['database', 'jwt', 'openai'] as const;
export type Required = (typeof REQUIRED)[number];

/** A user whose password hash is cheap to check. */
export const USER = { email: 'ada@example.com', password: createPlantedValue() };
const CHEAP_HASH = 'scrypt$2$1$1$AAAAAAAAAAAAAAAAAAAAAA$';

export type World = Awaited<ReturnType<typeof startWorld>>;
export type Values = World['values'];

export async function startWorld() {
  const directory = await mkdtemp(join(tmpdir(), 'faults-'));
  await chmod(directory, 0o755);
  const place = async (name: string) => {
    const path = join(directory, name);
    await mkdir(path);
    return path;
  };
  const [certificates, stranger] = await Promise.all([
    createCertificates({ directory: await place('trusted') }),
    createCertificates({ directory: await place('untrusted') }),
  ]);
  const resolver = createResolver();
  const mayRead = () => true;
  const [database, openai, aws, vault, azure] = await Promise.all([
    startDatabase(),
    startOpenAI(),
    startAwsSecretsManager({ directory: await place('aws'), mayRead, tls: certificates }),
    startVault({ mayRead, tls: certificates }),
    startAzureKeyVault({ directory: await place('azure'), mayRead }),
  ]);
  // NODE_EXTRA_CA_CERTS is read at process start, which is over.
  setDefaultCACertificates([...getCACertificates('default'), certificates.ca, azure.ca]);
  // The SDKs read these variables themselves.
  Object.assign(process.env, NO_AWS_PROFILE, byName(aws.environment), byName(azure.environment));
  delete process.env.AZURE_CLIENT_ID;
  await database.superuser.query("INSERT INTO users (email, password_hash, role) VALUES ($1, $2, 'admin')", [
    USER.email,
    await cheapHash(),
  ]);

  const values = {
    database: { ...database.app, password: createPlantedValue() },
    jwt: { secret_key: createPlantedValue(), algorithm: 'HS256', expiry_hours: 24 },
    openai: {
      api_key: openai.acceptKey(createPlantedKey()),
      model: openai.model,
      base_url: openai.baseUrl,
    },
  };
  await database.superuser.query(
    `ALTER ROLE ${escapeIdentifier(values.database.username)} PASSWORD ${escapeLiteral(values.database.password)}`,
  );
  const scan = createScanner({
    'the database password': values.database.password,
    'the signing key': values.jwt.secret_key,
    'the API key': values.openai.api_key,
    "a user's password": USER.password,
    "Vault's secret id": vault.environment.VAULT_SECRET_ID,
    'the identity header': azure.environment.IDENTITY_HEADER,
  });
  const leaks: Leak[] = [];

  return {
    values,
    /** Leaks so far. */
    leaks,
    /** Scans output of the service. */
    inspect: (where: string, text: string) => void leaks.push(...scan(where, text)),
    openai,
    aws,
    vault,
    azure,
    resolver,
    /** A certificate of an unknown authority. */
    stranger,
    /** Variables for each backend, with host names, so that name resolution can fail. Each cell has its own files. */
    environments: {
      aws: byName(aws.environment),
      vault: { ...byName(vault.environment), VAULT_CACERT: certificates.caFile },
      azure: byName(azure.environment),
      file: {},
    } satisfies Record<BackendName, Record<string, string>>,
    networks: { aws, vault, azure, file: undefined } as Record<
      BackendName,
      { faults: Faults; listening: Listening } | undefined
    >,
    startFiles: async (name: string) => startFiles({ directory: await place(name) }),
    async close() {
      resolver.restore();
      await Promise.all([aws.close(), vault.close(), azure.close(), openai.close(), database.stop()]);
      await rm(directory, { recursive: true });
    },
  };
}

const BACKENDS = ['AWS_ENDPOINT_URL_SECRETS_MANAGER', 'VAULT_ADDR', 'AZURE_VAULT_URL'];

/** The backend by name. The endpoint for credentials keeps its address: it is local in production too. */
const byName = <E extends Record<string, string>>(environment: E): E =>
  Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [
      name,
      BACKENDS.includes(name) ? value.replace('//127.0.0.1', '//localhost') : value,
    ]),
  ) as E;

/** The system's resolver, in which `localhost` can be made unknown. */
function createResolver() {
  let known = true;
  const lookup = dns.lookup as (...parameters: unknown[]) => void;
  mock.method(dns, 'lookup', (...parameters: unknown[]) => {
    const [hostname, ...rest] = parameters;
    if (hostname !== 'localhost') return lookup(...parameters);
    if (known) return lookup('127.0.0.1', ...rest);
    const callback = rest.at(-1) as (error: Error) => void;
    const message = `getaddrinfo ENOTFOUND ${hostname}`;
    process.nextTick(callback, Object.assign(new Error(message), { code: 'ENOTFOUND', hostname }));
  });
  return {
    forget() {
      known = false;
    },
    learn() {
      known = true;
    },
    restore: () => mock.restoreAll(),
  };
}

/** Like `hashPassword`, but cheap enough for many logins. */
async function cheapHash(): Promise<string> {
  const { scryptSync } = await import('node:crypto');
  const [, N, r, p, salt = ''] = CHEAP_HASH.split('$');
  const key = scryptSync(USER.password, Buffer.from(salt, 'base64url'), 32, {
    N: Number(N),
    r: Number(r),
    p: Number(p),
  });
  return CHEAP_HASH + key.toString('base64url');
}
