/** Calls Azure Key Vault through the SDK. Each call obeys its signal and maps its failure. */
import { DefaultAzureCredential } from '@azure/identity';
import { SecretClient, type SecretProperties } from '@azure/keyvault-secrets';
import { untilAborted } from '../../../deadline.ts';
import type { SecretError } from '../../../errors.ts';
import { createSecret, type Secret } from '../../provider.ts';
import { limitAnswers } from './answers.ts';
import { ignoreNotFound, keyVaultError, malformed, READER, WRITER } from './errors.ts';
import { classify, retryAfter, type SdkError, withoutSecrets } from './sdk-error.ts';

type Signal = AbortSignal | undefined;

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

export interface KeyVaultSettings {
  vaultUrl: string;
  /** Client ID of the managed or workload identity. Default: AZURE_CLIENT_ID, or the system-assigned identity. */
  clientId?: string | undefined;
}

export function createKeyVaultClient({ vaultUrl, clientId }: KeyVaultSettings) {
  const retryOptions = { maxRetries: 0 };
  const identity = clientId && { managedIdentityClientId: clientId, workloadIdentityClientId: clientId };
  const client = new SecretClient(vaultUrl, new DefaultAzureCredential({ retryOptions, ...identity }), {
    retryOptions,
    // The SDK sends a token only to hosts under the domain of the challenge, vault.azure.net, so that a false
    // vault receives none. The sandbox is on loopback and has no such domain.
    disableChallengeResourceVerification: LOOPBACK.has(new URL(vaultUrl).hostname),
    additionalPolicies: [{ policy: limitAnswers, position: 'perCall' }],
  });

  /** Runs one call of the SDK and maps its failure. `role` is the role that the call needs. */
  const call = async <T>(
    name: string,
    signal: Signal,
    run: (options: { abortSignal?: AbortSignal }) => Promise<T>,
    role = READER,
  ): Promise<T> => {
    const purpose = { vaultUrl, name, role };
    try {
      signal?.throwIfAborted();
      // The SDK obeys the signal too, but not while it fetches a credential.
      return await untilAborted(run(signal ? { abortSignal: signal } : {}), signal);
    } catch (cause) {
      if (signal?.aborted) throw keyVaultError('unavailable', purpose, { cause: signal.reason });
      const error = cause as SdkError;
      const origin = { cause: withoutSecrets(error), retryAfter: retryAfter(error) };
      throw keyVaultError(classify(error), purpose, origin);
    }
  };

  const get = async (name: string, signal: Signal, version?: string): Promise<Secret> => {
    const { value, properties } = await call(name, signal, (options) =>
      client.getSecret(name, version ? { ...options, version } : options),
    );
    if (value === undefined || properties.version === undefined) throw malformed({ vaultUrl, name });
    // Key Vault also returns expired secrets. Only disabled ones are refused.
    const { createdOn: createdAt, expiresOn: expiresAt } = properties;
    return createSecret({ name, value, version: properties.version, createdAt, expiresAt });
  };

  /** All versions without their values, the current one first. Empty when the secret is missing. */
  const history = async (name: string, signal: Signal): Promise<SecretProperties[]> => {
    const versions: SecretProperties[] = [];
    await call(name, signal, async (options) => {
      for await (const version of client.listPropertiesOfSecretVersions(name, options))
        versions.push(version);
      // For a missing secret Azure answers with an empty list, and Lowkey Vault with 404.
    }).catch(ignoreNotFound);
    // Key Vault lists versions in the order of their random IDs.
    versions.sort((a, b) => createdTime(b) - createdTime(a));
    const [newest, next] = versions;
    if (!newest || !next || createdTime(newest) !== createdTime(next)) return versions;
    // Times are whole seconds. Of two versions in one second, only a read shows which is current.
    const { version: current } = await get(name, signal);
    return versions.sort((a, b) => Number(b.version === current) - Number(a.version === current));
  };

  /** Whether the secret is deleted and can be recovered. False for a caller without the permission to see that. */
  const isDeleted = (name: string, signal: Signal): Promise<boolean> =>
    call(name, signal, (options) => client.getDeletedSecret(name, options)).then(
      () => true,
      (error: SecretError) => {
        // A temporary failure is not an answer.
        if (error.retryable) throw error;
        return error.code === 'disabled';
      },
    );

  /** Returns the new version. */
  const set = async (name: string, value: string, signal: Signal): Promise<string> => {
    const { properties } = await call(
      name,
      signal,
      (options) => client.setSecret(name, value, options),
      WRITER,
    );
    if (properties.version === undefined) throw malformed({ vaultUrl, name });
    return properties.version;
  };

  return { get, history, isDeleted, set };
}

export type KeyVaultClient = ReturnType<typeof createKeyVaultClient>;

const createdTime = ({ createdOn }: SecretProperties): number => createdOn?.getTime() ?? 0;
