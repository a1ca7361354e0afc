/**
 * Writes to AWS Secrets Manager. A write that expects a version first adds the value, labelled AWSPENDING. It then moves
 * AWSCURRENT from the expected version to the new one, which AWS refuses when another version has the label by now.
 * AWS's own rotations end the same way.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
 */
import {
  CreateSecretCommand,
  PutSecretValueCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { SecretError } from '../../../errors.ts';
import type { WriteOptions } from '../../provider.ts';
import type { AwsCall } from './client.ts';
import { awsError, malformed } from './errors.ts';

type Signal = AbortSignal | undefined;

export function createAwsWriter(call: AwsCall, region: string) {
  /** AWS labels a first version AWSCURRENT, whatever the request says. */
  const put = async (name: string, value: string, stage: string, signal: Signal) => {
    const { VersionId, VersionStages = [] } = await call('PutSecretValue', name, signal, (client, options) =>
      client.send(
        new PutSecretValueCommand({ SecretId: name, SecretString: value, VersionStages: [stage] }),
        options,
      ),
    );
    if (VersionId === undefined) throw malformed({ action: 'PutSecretValue', name, region });
    return { version: VersionId, isCurrent: VersionStages.includes('AWSCURRENT') };
  };

  const moveStage = (
    name: string,
    stage: string,
    move: { MoveToVersionId?: string; RemoveFromVersionId?: string },
    signal: Signal,
  ) =>
    call('UpdateSecretVersionStage', name, signal, (client, options) =>
      client.send(
        new UpdateSecretVersionStageCommand({ SecretId: name, VersionStage: stage, ...move }),
        options,
      ),
    );

  const replace = async (name: string, value: string, expected: string | null, signal: Signal) => {
    const { version, isCurrent } = await put(name, value, 'AWSPENDING', signal);
    if (isCurrent) return version;
    try {
      const from = expected === null ? {} : { RemoveFromVersionId: expected };
      await moveStage(name, 'AWSCURRENT', { MoveToVersionId: version, ...from }, signal);
      return version;
    } catch (error) {
      // AWS deletes a version without a label. It does not matter if another writer has taken the label already.
      await moveStage(name, 'AWSPENDING', { RemoveFromVersionId: version }, signal).catch(() => {});
      if (!(error instanceof SecretError) || error.code !== 'invalid') throw error;
      throw awsError('conflict', { action: 'UpdateSecretVersionStage', name, region }, error);
    }
  };

  const create = async (name: string, value: string, signal: Signal) => {
    const { VersionId } = await call('CreateSecret', name, signal, (client, options) =>
      client.send(new CreateSecretCommand({ Name: name, SecretString: value }), options),
    );
    if (VersionId === undefined) throw malformed({ action: 'CreateSecret', name, region });
    return VersionId;
  };

  return async (name: string, value: string, { expected, signal }: WriteOptions = {}): Promise<string> => {
    try {
      if (expected === undefined) return (await put(name, value, 'AWSCURRENT', signal)).version;
      return await replace(name, value, expected, signal);
    } catch (error) {
      const isMissing = error instanceof SecretError && error.code === 'not-found';
      if (!isMissing || typeof expected === 'string') throw error;
      return create(name, value, signal);
    }
  };
}
