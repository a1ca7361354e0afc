/**
 * Reads and writes secrets in AWS Secrets Manager.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
 */
import { DescribeSecretCommand, GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { createSecret, type SecretProvider, type Stage } from '../../provider.ts';
import { type AwsSettings, createAwsClient } from './client.ts';
import { awsError, malformed, withoutCurrent } from './errors.ts';
import { createAwsWriter } from './writer.ts';

const STAGES: Record<Stage, string> = {
  current: 'AWSCURRENT',
  previous: 'AWSPREVIOUS',
  pending: 'AWSPENDING',
};

export function createAwsSecretsManager(settings: AwsSettings): SecretProvider {
  const { call, purposeOf, close } = createAwsClient(settings);

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

    write: createAwsWriter(call, settings.region),

    close,
  };
}
