/**
 * Reads and writes secrets of a KV engine, version 2, in HashiCorp Vault or OpenBao.
 * https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2
 */
import { z } from 'zod';
import { type Clock, systemClock } from '../../../clock.ts';
import type { SecretError } from '../../../errors.ts';
import { createSecret, type ReadOptions, type Secret, type SecretProvider } from '../../provider.ts';
import { createVaultClient, type VaultClientSettings } from './client.ts';
import { createVaultDatabase, type VaultDatabaseSettings } from './database.ts';
import { malformed, type Purpose, toSecretError, vaultError } from './errors.ts';
import type { VaultAuth } from './login.ts';
import { createVaultSession } from './session.ts';
import { toFields, toText } from './text.ts';

export interface VaultSettings extends VaultClientSettings {
  /** Mount of the KV engine. Default `secret`. */
  mount?: string | undefined;
  auth: VaultAuth;
  /** With this, the database engine creates the login, and the KV secret `database` only says where the database is. */
  database?: VaultDatabaseSettings | undefined;
}

type Signal = AbortSignal | undefined;

const versionMetadata = z.object({
  created_time: z.string(),
  deletion_time: z.string(),
  destroyed: z.boolean(),
});
const dataAnswer = z.object({
  data: z.object({
    data: z.record(z.string(), z.unknown()),
    metadata: versionMetadata.extend({ version: z.number() }),
  }),
});
const metadataAnswer = z.object({
  data: z.object({ current_version: z.number(), versions: z.record(z.string(), versionMetadata) }),
});
const writeAnswer = z.object({ data: z.object({ version: z.number() }) });

export function createVault(
  settings: VaultSettings,
  { clock = systemClock }: { clock?: Clock } = {},
): SecretProvider {
  const { address, namespace, auth, mount = 'secret' } = settings;
  const client = createVaultClient(settings);
  const session = createVaultSession(client.request, auth, clock);
  /** The KV secret of the database. It is kept: it hardly ever changes, while logins change every few minutes. */
  let connection: Secret | undefined;
  const dynamic = settings.database && createVaultDatabase(settings.database, session.request, clock);

  const purposeOf = (name: string, area: Purpose['area'], capabilities = '"read"'): Purpose => ({
    address,
    namespace,
    mount,
    name,
    area,
    capabilities,
  });

  const call = async <T>(
    schema: z.ZodType<T>,
    purpose: Purpose,
    { query = '', ...options }: { query?: string; body?: object; signal: Signal },
  ): Promise<T> => {
    const name = purpose.name.split('/').map(encodeURIComponent).join('/');
    const answer = await session
      .request(`${mount}/${purpose.area}/${name}${query}`, options)
      .catch((error) => {
        throw toSecretError(error, purpose);
      });
    const { success, data } = schema.safeParse(answer);
    if (!success) throw malformed(purpose);
    return data;
  };

  const isGone = ({ deletion_time, destroyed }: z.infer<typeof versionMetadata>) =>
    destroyed || (deletion_time !== '' && Date.parse(deletion_time) <= clock.wall());

  const readMetadata = async (name: string, signal: Signal) => {
    const purpose = purposeOf(name, 'metadata');
    const { data } = await call(metadataAnswer, purpose, { signal });
    return { ...data, purpose };
  };

  const readVersion = async (name: string, signal: Signal): Promise<string> => {
    const { current_version, versions, purpose } = await readMetadata(name, signal);
    const metadata = versions[current_version];
    if (!metadata) throw vaultError('not-found', purpose);
    if (isGone(metadata)) throw vaultError('disabled', purpose);
    return String(current_version);
  };

  const previousVersion = async (name: string, signal: Signal): Promise<number> => {
    const { current_version, versions, purpose } = await readMetadata(name, signal);
    const older = Object.entries(versions)
      .filter(([version, metadata]) => Number(version) < current_version && !isGone(metadata))
      .map(([version]) => Number(version));
    if (older.length === 0) throw vaultError('not-found', purpose);
    return Math.max(...older);
  };

  const readStored = async (name: string, { stage = 'current', signal }: ReadOptions): Promise<Secret> => {
    const purpose = purposeOf(name, 'data');
    // KV has no pending versions: a written version is current at once.
    if (stage === 'pending') throw vaultError('not-found', purpose);
    const query = stage === 'previous' ? `?version=${await previousVersion(name, signal)}` : '';
    const { data } = await call(dataAnswer, purpose, { query, signal });
    const { version, created_time, deletion_time } = data.metadata;
    return createSecret({
      name,
      value: toText(data.data),
      version: String(version),
      createdAt: new Date(created_time),
      // Always in the future: Vault does not return a deleted version.
      expiresAt: deletion_time ? new Date(deletion_time) : undefined,
    });
  };

  return {
    name: 'vault',
    ...(dynamic && { renew: dynamic.renew, revoke: dynamic.revoke, onLogin: session.onLogin }),

    async read(name, options = {}) {
      const { stage = 'current', layout, signal } = options;
      if (!dynamic || layout?.prefix !== 'database') return readStored(name, options);
      // A login of this process has only the current stage.
      if (stage !== 'current') throw vaultError('not-found', purposeOf(name, 'data'));
      if (connection?.name !== name || connection.version !== (await readVersion(name, signal)))
        connection = await readStored(name, { signal });
      return dynamic.read(connection, { signal });
    },

    version: (name, { signal } = {}) => readVersion(name, signal),

    async write(name, value, { expected, signal } = {}) {
      const purpose = purposeOf(name, 'data', '"create", "update"');
      const options = expected === undefined ? {} : { options: { cas: Number(expected ?? 0) } };
      const body = { data: toFields(value), ...options };
      const { data } = await call(writeAnswer, purpose, { body, signal }).catch((error: SecretError) => {
        // A version other than the expected one is all that can be wrong with this request.
        if (expected !== undefined && error.code === 'invalid') throw vaultError('conflict', purpose, error);
        throw error;
      });
      return String(data.version);
    },

    async close() {
      await session.close();
      client.close();
    },
  };
}
