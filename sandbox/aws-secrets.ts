/** The secrets of AWS Secrets Manager: versions with staging labels, and a deletion window. */
import { randomBytes, randomUUID } from 'node:crypto';
import { AwsError } from './aws-protocol.ts';

export interface Version {
  id: string;
  value: string;
  createdAt: number;
  stages: Set<string>;
}

export interface StoredSecret {
  name: string;
  arn: string;
  versions: Version[];
  deletedAt?: number;
  /** State of the KMS key that encrypts it. */
  key?: 'enabled' | 'disabled';
}

export function createSecrets(region: string) {
  const secrets = new Map<string, StoredSecret>();

  /** @param id name or ARN */
  const find = (id: string | undefined): StoredSecret => {
    const secret = [...secrets.values()].find(({ name, arn }) => name === id || arn === id);
    if (!secret)
      throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
    return secret;
  };

  return {
    find,

    /** Like `find`, but fails for secrets that are marked for deletion. */
    findUsable(id: string | undefined): StoredSecret {
      const secret = find(id);
      if (secret.deletedAt === undefined) return secret;
      throw new AwsError(
        'InvalidRequestException',
        "You can't perform this operation on the secret because it was marked for deletion.",
      );
    },

    has: (name: string) => secrets.has(name),

    /** Secrets that are not marked for deletion. */
    list: () => [...secrets.values()].filter(({ deletedAt }) => deletedAt === undefined),

    create(name: string): StoredSecret {
      if (secrets.has(name))
        throw new AwsError(
          'ResourceExistsException',
          `The operation failed because the secret ${name} already exists.`,
        );
      const suffix = randomBytes(3).toString('hex');
      const arn = `arn:aws:secretsmanager:${region}:000000000000:secret:${name}-${suffix}`;
      const secret: StoredSecret = { name, arn, versions: [] };
      secrets.set(name, secret);
      return secret;
    },

    /** Deletes the secret without a recovery window. */
    destroy: ({ name }: StoredSecret) => void secrets.delete(name),
  };
}

/** Moves a staging label to a version. AWSPREVIOUS moves to the version that had AWSCURRENT. */
export function moveStage(secret: StoredSecret, stage: string, target: Version) {
  for (const version of secret.versions) {
    if (version === target || !version.stages.delete(stage)) continue;
    if (stage === 'AWSCURRENT') moveStage(secret, 'AWSPREVIOUS', version);
  }
  target.stages.add(stage);
}

export function addVersion(
  secret: StoredSecret,
  value: string,
  stages = ['AWSCURRENT'],
  id: string = randomUUID(),
): Version {
  const version: Version = { id, value, createdAt: Date.now(), stages: new Set() };
  // The first version is current, whatever its labels.
  const labels = secret.versions.length === 0 ? ['AWSCURRENT', ...stages] : stages;
  secret.versions.push(version);
  for (const stage of labels) moveStage(secret, stage, version);
  return version;
}
