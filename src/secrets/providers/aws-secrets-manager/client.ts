/** The SDK's client. Its identity comes from the default chain: role, IRSA, Pod Identity, profile. */
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { untilAborted } from '../../../deadline.ts';
import { watchAnswers } from './answers.ts';
import { awsError, type Purpose, toSecretError } from './errors.ts';

export interface AwsSettings {
  region: string;
  /** URL of the platform's credentials endpoint, which the SDK reads from the environment; shown in errors. */
  credentialsEndpoint?: string | undefined;
  /** A role to assume. Default: the identity of the default chain. */
  roleArn?: string | undefined;
}

/** Runs one call of the SDK and maps its failure. `action` is the IAM action that the call needs. */
export type AwsCall = <T>(
  action: string,
  name: string,
  signal: AbortSignal | undefined,
  run: (client: SecretsManagerClient, options: { abortSignal?: AbortSignal }) => Promise<T>,
) => Promise<T>;

export function createAwsClient({ region, credentialsEndpoint, roleArn }: AwsSettings) {
  const client = new SecretsManagerClient({
    region,
    maxAttempts: 1,
    ...(roleArn && { credentials: assumeRole(roleArn, region) }),
  });
  let endpoint: string | undefined;
  watchAnswers(client, (asked) => {
    endpoint = asked;
  });

  const purposeOf = (action: string, name: string): Purpose => ({
    action,
    name,
    region,
    endpoint,
    credentialsEndpoint,
  });

  const call: AwsCall = async (action, name, signal, run) => {
    try {
      signal?.throwIfAborted();
      // The SDK obeys the signal too, but not while it fetches credentials.
      return await untilAborted(run(client, signal ? { abortSignal: signal } : {}), signal);
    } catch (error) {
      if (signal?.aborted) throw awsError('unavailable', purposeOf(action, name), signal.reason);
      throw toSecretError(error, purposeOf(action, name));
    }
  };

  return {
    call,
    purposeOf,
    async close() {
      client.destroy();
    },
  };
}

/** Credentials of the role for an hour at a time, renewed by the SDK. Loaded only when a role is assumed. */
function assumeRole(roleArn: string, region: string) {
  const loaded = import('@aws-sdk/credential-providers').then(({ fromTemporaryCredentials }) =>
    fromTemporaryCredentials({
      params: { RoleArn: roleArn, RoleSessionName: 'express-secrets-template' },
      clientConfig: { region, maxAttempts: 1 },
    }),
  );
  return async () => (await loaded)();
}
