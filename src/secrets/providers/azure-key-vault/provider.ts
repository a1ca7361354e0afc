/**
 * Reads and writes secrets in Azure Key Vault: one JSON text each, or one secret per field.
 * The identity comes from DefaultAzureCredential: managed identity, workload identity, or a login.
 * https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret
 */
import type { ReadOptions, Secret, SecretProvider, Stage } from '../../provider.ts';
import { createKeyVaultClient, type KeyVaultSettings } from './client.ts';
import { absent, deleted, ignoreNotFound, keyVaultError, withoutStage } from './errors.ts';
import { combineFields, combineVersions, fieldSecrets } from './fields.ts';
import { createKeyVaultWriter } from './writer.ts';

type Signal = AbortSignal | undefined;

export function createAzureKeyVault(settings: KeyVaultSettings): SecretProvider {
  const { vaultUrl } = settings;
  const client = createKeyVaultClient(settings);

  const currentVersion = async (name: string, signal: Signal): Promise<string | undefined> => {
    const [current] = await client.history(name, signal);
    if (current?.enabled === false) throw keyVaultError('disabled', { vaultUrl, name });
    return current?.version;
  };

  /** The secret at `stage`, or the current one where no previous exists. Undefined when the secret is missing. */
  const find = async (
    name: string,
    stage: Stage,
    signal: Signal,
  ): Promise<{ secret: Secret; stage: Stage } | undefined> => {
    if (stage === 'current') {
      const secret = await client.get(name, signal).catch(ignoreNotFound);
      return secret && { secret, stage };
    }
    const [current, ...older] = await client.history(name, signal);
    if (!current) return undefined;
    const previous = older.find(({ enabled }) => enabled !== false);
    const secret = await client.get(name, signal, (previous ?? current).version);
    return { secret, stage: previous ? stage : 'current' };
  };

  /** The error for a secret that was not found. A deleted, recoverable secret also answers with 404. */
  const missing = async (name: string, layout: ReadOptions['layout'], signal: Signal) => {
    if (await client.isDeleted(name, signal)) return deleted({ vaultUrl, name });
    const fieldNames = fieldSecrets(layout).map((part) => part.name);
    return absent({ vaultUrl, name }, fieldNames);
  };

  return {
    name: 'azure',

    async read(name, { stage = 'current', signal, layout } = {}) {
      if (stage === 'pending') throw withoutStage(name, stage);
      const whole = await find(name, stage, signal);
      if (whole && whole.stage !== stage) throw withoutStage(name, stage);
      if (whole) return whole.secret;

      const found = await Promise.all(
        fieldSecrets(layout).map(async (part) => {
          const held = await find(part.name, stage, signal);
          return held ? [{ ...part, ...held }] : [];
        }),
      );
      const parts = found.flat();
      if (parts.length === 0) throw await missing(name, layout, signal);
      if (!parts.some((part) => part.stage === stage)) throw withoutStage(name, stage);
      return combineFields(name, parts);
    },

    async version(name, { signal, layout } = {}) {
      const whole = await currentVersion(name, signal);
      if (whole) return whole;

      const versions = await Promise.all(
        fieldSecrets(layout).map((part) => currentVersion(part.name, signal)),
      );
      const found = versions.filter((version) => version !== undefined);
      if (found.length === 0) throw await missing(name, layout, signal);
      return combineVersions(found);
    },

    /** Writes one JSON secret, which from then on takes precedence over secrets per field. */
    write: createKeyVaultWriter(client, vaultUrl),
  };
}
