/**
 * The operations of AWS Secrets Manager that the template and its administrators use.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Operations.html
 */
import { AwsError } from './aws-protocol.ts';
import { addVersion, createSecrets, moveStage, type StoredSecret, type Version } from './aws-secrets.ts';

/** Parameters of all operations. */
export interface RequestParameters {
  /** Name or ARN. */
  SecretId?: string;
  Name?: string;
  SecretString?: string;
  /** The id of the new version. */
  ClientRequestToken?: string;
  VersionId?: string;
  VersionStage?: string;
  VersionStages?: string[];
  MoveToVersionId?: string;
  RemoveFromVersionId?: string;
  ForceDeleteWithoutRecovery?: boolean;
}

const seconds = (milliseconds: number) => milliseconds / 1000;

const identify = ({ arn, name }: StoredSecret) => ({ ARN: arn, Name: name });

const identifyVersion = (secret: StoredSecret, { id, stages }: Version) => ({
  ...identify(secret),
  VersionId: id,
  VersionStages: [...stages],
});

/** Everything except the values. Versions without a label are deprecated and omitted. */
const describe = (secret: StoredSecret) => ({
  ...identify(secret),
  ...(secret.deletedAt !== undefined && { DeletedDate: seconds(secret.deletedAt) }),
  VersionIdsToStages: Object.fromEntries(
    secret.versions.filter(({ stages }) => stages.size > 0).map(({ id, stages }) => [id, [...stages]]),
  ),
});

export function createOperations(region: string) {
  const secrets = createSecrets(region);

  const operations = {
    GetSecretValue({ SecretId, VersionId, VersionStage }: RequestParameters) {
      const secret = secrets.findUsable(SecretId);
      if (secret.key === 'disabled')
        throw new AwsError(
          'DecryptionFailure',
          "Secrets Manager can't decrypt the protected secret text using the provided KMS key.",
        );
      const stage = VersionStage ?? (VersionId ? undefined : 'AWSCURRENT');
      const version = secret.versions.find(
        ({ id, stages }) => (!VersionId || id === VersionId) && (!stage || stages.has(stage)),
      );
      if (!version)
        throw new AwsError(
          'ResourceNotFoundException',
          `Secrets Manager can't find the specified secret value for staging label: ${stage}`,
        );
      const { value, createdAt } = version;
      return {
        ...identifyVersion(secret, version),
        SecretString: value,
        CreatedDate: seconds(createdAt),
      };
    },

    DescribeSecret({ SecretId }: RequestParameters) {
      return describe(secrets.find(SecretId));
    },

    ListSecrets: () => ({ SecretList: secrets.list().map(describe) }),

    CreateSecret({ Name, SecretString, ClientRequestToken }: RequestParameters) {
      const secret = secrets.create(String(Name));
      if (SecretString === undefined) return identify(secret);
      const { id } = addVersion(secret, SecretString, undefined, ClientRequestToken);
      return { ...identify(secret), VersionId: id };
    },

    PutSecretValue({ SecretId, SecretString, VersionStages, ClientRequestToken }: RequestParameters) {
      const secret = secrets.findUsable(SecretId);
      const version = addVersion(secret, String(SecretString), VersionStages, ClientRequestToken);
      return identifyVersion(secret, version);
    },

    UpdateSecretVersionStage(parameters: RequestParameters) {
      const { SecretId, VersionStage, MoveToVersionId, RemoveFromVersionId } = parameters;
      const secret = secrets.findUsable(SecretId);
      const stage = String(VersionStage);
      const target = secret.versions.find(({ id }) => id === MoveToVersionId);
      const holder = secret.versions.find(({ stages }) => stages.has(stage));
      // The caller must name the version that has the label now. Of two callers at once, only one succeeds.
      if (holder !== target && holder?.id !== RemoveFromVersionId)
        throw new AwsError(
          'InvalidParameterException',
          `The parameter RemoveFromVersionId is not the version that ${stage} is attached to.`,
        );
      if (target) moveStage(secret, stage, target);
      else holder?.stages.delete(stage);
      return identify(secret);
    },

    DeleteSecret({ SecretId, ForceDeleteWithoutRecovery }: RequestParameters) {
      const secret = secrets.find(SecretId);
      if (ForceDeleteWithoutRecovery) secrets.destroy(secret);
      secret.deletedAt = Date.now();
      return { ...identify(secret), DeletionDate: seconds(secret.deletedAt) };
    },

    RestoreSecret({ SecretId }: RequestParameters) {
      const secret = secrets.find(SecretId);
      delete secret.deletedAt;
      return identify(secret);
    },
  };

  return {
    operations,
    /** Creates the secret or adds a new current version. */
    put(name: string, value: string) {
      if (secrets.has(name)) operations.PutSecretValue({ SecretId: name, SecretString: value });
      else operations.CreateSecret({ Name: name, SecretString: value });
    },
    /** Sets the state of the KMS key that encrypts the secret. */
    setKey(name: string, state: 'enabled' | 'disabled') {
      secrets.find(name).key = state;
    },
  };
}
