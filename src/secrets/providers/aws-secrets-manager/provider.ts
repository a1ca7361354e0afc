/**
 * AWS Secrets Manager. Who we are comes from the SDK's default chain: role, IRSA, Pod Identity, profile.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
 */
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { untilAborted } from '../../../deadline.ts';
import { createSecret, type SecretProvider, type Stage } from '../../provider.ts';
import { watchAnswers } from './answers.ts';
import { awsError, malformed, type Purpose, toSecretError, withoutCurrent } from './errors.ts';
import { createAwsWriter } from './writer.ts';

const STAGES: Record<Stage, string> = {
  current: 'AWSCURRENT',
  previous: 'AWSPREVIOUS',
  pending: 'AWSPENDING',
};

export interface AwsSettings {
  region: string;
  /** Where the platform hands out credentials, if it says so in the environment, where the SDK finds it too. */
  credentialsEndpoint?: string | undefined;
  /** A role to assume. Default: whoever the SDK's chain says we are. */
  roleArn?: string | undefined;
}

/** Runs one call of the SDK and maps its failure; `action` is the IAM action that the call needs. */
export type AwsCall = <T>(
  action: string,
  name: string,
  signal: AbortSignal | undefined,
  run: (client: SecretsManagerClient, options: { abortSignal?: AbortSignal }) => Promise<T>,
) => Promise<T>;

export function createAwsSecretsManager({
  region,
  credentialsEndpoint,
  roleArn,
}: AwsSettings): SecretProvider {
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
      // The SDK obeys the signal too, but not while credentials are being fetched.
      return await untilAborted(run(client, signal ? { abortSignal: signal } : {}), signal);
    } catch (error) {
      if (signal?.aborted) throw awsError('unavailable', purposeOf(action, name), signal.reason);
      throw toSecretError(error, purposeOf(action, name));
    }
  };

  return {
    name: 'aws',

    async read(name, { stage = 'current', signal } = {}) {
      const command = new GetSecretValueCommand({ SecretId: name, VersionStage: STAGES[stage] });
      const { SecretString, SecretBinary, VersionId, CreatedDate } = await call(
        'GetSecretValue',
        name,
        signal,
        (client, options) => client.send(command, options),
      );
      const value = SecretString ?? (SecretBinary && Buffer.from(SecretBinary).toString('utf8'));
      if (value === undefined || VersionId === undefined) throw malformed(purposeOf('GetSecretValue', name));
      return createSecret({ name, value, version: VersionId, createdAt: CreatedDate });
    },

    async version(name, { signal } = {}) {
      const command = new DescribeSecretCommand({ SecretId: name });
      const {
        Name,
        VersionIdsToStages = {},
        DeletedDate,
      } = await call('DescribeSecret', name, signal, (client, options) => client.send(command, options));
      const purpose = purposeOf('DescribeSecret', name);
      if (Name === undefined) throw malformed(purpose);
      if (DeletedDate) throw awsError('disabled', purpose);
      const current = Object.entries(VersionIdsToStages).find(([, stages]) =>
        stages.includes(STAGES.current),
      );
      if (!current) throw withoutCurrent(purpose);
      return current[0];
    },

    write: createAwsWriter(call, region),

    async close() {
      client.destroy();
    },
  };
}

/** Credentials of the role for an hour at a time, renewed by the SDK. Loaded only where somebody assumes one. */
function assumeRole(roleArn: string, region: string) {
  const loaded = import('@aws-sdk/credential-providers').then(({ fromTemporaryCredentials }) =>
    fromTemporaryCredentials({
      params: { RoleArn: roleArn, RoleSessionName: 'express-secrets-template' },
      clientConfig: { region, maxAttempts: 1 },
    }),
  );
  return async () => (await loaded)();
}
