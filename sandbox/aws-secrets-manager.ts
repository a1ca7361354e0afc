/**
 * AWS Secrets Manager as its SDK sees it: AWS JSON 1.1 over HTTP, versions with staging labels, a
 * deletion window. Callers are identified by access key; the signature itself is not checked.
 * Credentials come from an endpoint like EKS Pod Identity's, so that the SDK's default chain runs.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Operations.html
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import express, { type Request, type Response } from 'express';
import { createFaults, type Refusal } from './faults.ts';
import { listen } from './http.ts';

interface Version {
  id: string;
  value: string;
  createdAt: number;
  stages: Set<string>;
}

interface StoredSecret {
  name: string;
  arn: string;
  versions: Version[];
  deletedAt?: number;
}

type Parameters = Record<string, unknown> & { SecretId?: string; Name?: string };

class AwsError extends Error {
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

const REFUSALS: Record<Refusal, [code: string, status: number]> = {
  throttled: ['ThrottlingException', 400],
  unavailable: ['InternalServiceError', 500],
  denied: ['AccessDeniedException', 400],
  identity: ['UnrecognizedClientException', 400],
  sealed: ['InternalServiceError', 503],
};

const seconds = (milliseconds: number) => milliseconds / 1000;

export interface AwsSecretsManagerOptions {
  /** Where the credentials token lies, a directory that only this user can read. */
  directory: string;
  region?: string;
  /** Names that the reader's policy allows. */
  mayRead: (name: string) => boolean;
}

export async function startAwsSecretsManager({
  directory,
  region = 'eu-central-1',
  mayRead,
}: AwsSecretsManagerOptions) {
  const secrets = new Map<string, StoredSecret>();
  const reads = { value: 0, version: 0 };
  const reader = {
    accessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomUUID(),
  };
  const administrator = {
    accessKeyId: `AKIA${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomUUID(),
  };
  const faults = createFaults((refusal, _request, response) => {
    const [code, status] = REFUSALS[refusal];
    sendError(response, new AwsError(code, `Injected fault: ${refusal}.`, status));
  });

  const find = ({ SecretId }: Parameters): StoredSecret => {
    const secret = [...secrets.values()].find(({ name, arn }) => name === SecretId || arn === SecretId);
    if (!secret)
      throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
    return secret;
  };

  const findUsable = (parameters: Parameters): StoredSecret => {
    const secret = find(parameters);
    if (secret.deletedAt !== undefined)
      throw new AwsError(
        'InvalidRequestException',
        "You can't perform this operation on the secret because it was marked for deletion.",
      );
    return secret;
  };

  /** Moves a staging label to one version; AWSCURRENT leaves AWSPREVIOUS behind. */
  const moveStage = (secret: StoredSecret, stage: string, target: Version) => {
    for (const version of secret.versions) {
      if (version === target || !version.stages.delete(stage)) continue;
      if (stage === 'AWSCURRENT') moveStage(secret, 'AWSPREVIOUS', version);
    }
    target.stages.add(stage);
  };

  const addVersion = (
    secret: StoredSecret,
    value: string,
    stages = ['AWSCURRENT'],
    id: string = randomUUID(),
  ) => {
    const version: Version = { id, value, createdAt: Date.now(), stages: new Set() };
    secret.versions.push(version);
    for (const stage of stages) moveStage(secret, stage, version);
    return version;
  };

  const describe = (secret: StoredSecret) => ({
    ARN: secret.arn,
    Name: secret.name,
    ...(secret.deletedAt !== undefined && { DeletedDate: seconds(secret.deletedAt) }),
    VersionIdsToStages: Object.fromEntries(
      secret.versions.filter(({ stages }) => stages.size > 0).map(({ id, stages }) => [id, [...stages]]),
    ),
  });

  const operations: Record<string, (parameters: Parameters) => object> = {
    GetSecretValue(parameters) {
      reads.value += 1;
      const secret = findUsable(parameters);
      const { VersionId, VersionStage = VersionId ? undefined : 'AWSCURRENT' } = parameters;
      const version = secret.versions.find(
        ({ id, stages }) =>
          (!VersionId || id === VersionId) && (!VersionStage || stages.has(String(VersionStage))),
      );
      if (!version)
        throw new AwsError(
          'ResourceNotFoundException',
          `Secrets Manager can't find the specified secret value for staging label: ${VersionStage}`,
        );
      return {
        ARN: secret.arn,
        Name: secret.name,
        VersionId: version.id,
        VersionStages: [...version.stages],
        SecretString: version.value,
        CreatedDate: seconds(version.createdAt),
      };
    },
    DescribeSecret(parameters) {
      reads.version += 1;
      return describe(find(parameters));
    },
    ListSecrets: () => ({
      SecretList: [...secrets.values()].filter(({ deletedAt }) => !deletedAt).map(describe),
    }),
    CreateSecret({ Name, SecretString, ClientRequestToken }) {
      const name = String(Name);
      if (secrets.has(name))
        throw new AwsError(
          'ResourceExistsException',
          `The operation failed because the secret ${name} already exists.`,
        );
      const arn = `arn:aws:secretsmanager:${region}:000000000000:secret:${name}-${randomBytes(3).toString('hex')}`;
      const secret: StoredSecret = { name, arn, versions: [] };
      secrets.set(name, secret);
      if (SecretString === undefined) return { ARN: arn, Name: name };
      const version = addVersion(
        secret,
        String(SecretString),
        undefined,
        ClientRequestToken as string | undefined,
      );
      return { ARN: arn, Name: name, VersionId: version.id };
    },
    PutSecretValue(parameters) {
      const secret = findUsable(parameters);
      const version = addVersion(
        secret,
        String(parameters.SecretString),
        parameters.VersionStages as string[] | undefined,
        parameters.ClientRequestToken as string | undefined,
      );
      return {
        ARN: secret.arn,
        Name: secret.name,
        VersionId: version.id,
        VersionStages: [...version.stages],
      };
    },
    UpdateSecretVersionStage(parameters) {
      const secret = findUsable(parameters);
      const { VersionStage, MoveToVersionId, RemoveFromVersionId } = parameters;
      const target = secret.versions.find(({ id }) => id === MoveToVersionId);
      if (target) moveStage(secret, String(VersionStage), target);
      else secret.versions.find(({ id }) => id === RemoveFromVersionId)?.stages.delete(String(VersionStage));
      return { ARN: secret.arn, Name: secret.name };
    },
    DeleteSecret(parameters) {
      const secret = find(parameters);
      if (parameters.ForceDeleteWithoutRecovery) secrets.delete(secret.name);
      secret.deletedAt = Date.now();
      return { ARN: secret.arn, Name: secret.name, DeletionDate: seconds(secret.deletedAt) };
    },
    RestoreSecret(parameters) {
      const secret = find(parameters);
      delete secret.deletedAt;
      return { ARN: secret.arn, Name: secret.name };
    },
  };

  const READER_OPERATIONS = new Set(['GetSecretValue', 'DescribeSecret']);

  /** The part of the policy language the template's own policies use: actions on named secrets. */
  const authorize = (request: Request, operation: string, { SecretId = '' }: Parameters) => {
    const [, accessKeyId, scopeRegion] =
      /Credential=([^/]+)\/\d+\/([^/]+)\//.exec(request.headers.authorization ?? '') ?? [];
    if (accessKeyId !== reader.accessKeyId && accessKeyId !== administrator.accessKeyId)
      throw new AwsError(
        'UnrecognizedClientException',
        'The security token included in the request is invalid.',
      );
    if (scopeRegion !== region)
      throw new AwsError('InvalidSignatureException', `Credential should be scoped to a valid region.`);
    if (accessKeyId === administrator.accessKeyId) return;
    if (!READER_OPERATIONS.has(operation) || !mayRead(SecretId))
      throw new AwsError(
        'AccessDeniedException',
        `User is not authorized to perform: secretsmanager:${operation} on resource: ${SecretId}`,
      );
  };

  const service = express();
  service.use(express.json({ type: () => true, limit: '1mb' }), faults.middleware);
  service.post('/', (request, response) => {
    const operation = String(request.headers['x-amz-target']).replace('secretsmanager.', '');
    const run = operations[operation];
    if (!run) throw new AwsError('UnknownOperationException', `Unknown operation ${operation}.`);
    authorize(request, operation, request.body);
    response.type('application/x-amz-json-1.1').send(JSON.stringify(run(request.body)));
  });
  service.use((error: Error, _request: Request, response: Response, _next: unknown) =>
    sendError(response, error),
  );

  // https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
  const token = randomUUID();
  const tokenFile = join(directory, 'aws-container-authorization-token');
  await writeFile(tokenFile, token, { mode: 0o600 });
  const credentials = express();
  credentials.get('/v1/credentials', (request, response) => {
    if (request.headers.authorization !== token) return void response.status(401).end();
    response.json({
      AccessKeyId: reader.accessKeyId,
      SecretAccessKey: reader.secretAccessKey,
      Token: 'sandbox',
      Expiration: new Date(Date.now() + 6 * 3600_000).toISOString(),
    });
  });

  const listening = await listen(service);
  const credentialsListening = await listen(credentials);

  return {
    url: listening.url,
    faults,
    reads,
    /** What the application needs to reach this stand-in as the reader. */
    environment: {
      AWS_REGION: region,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: listening.url,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${credentialsListening.url}/v1/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile,
    },
    /** An identity that may do everything, for seeding and for rotation. */
    administrator,
    /** Creates the secret or gives it a new current version. */
    async put(name: string, value: string) {
      if (secrets.has(name)) operations.PutSecretValue?.({ SecretId: name, SecretString: value });
      else operations.CreateSecret?.({ Name: name, SecretString: value });
    },
    /** Schedules the secret for deletion. */
    async remove(name: string) {
      operations.DeleteSecret?.({ SecretId: name });
    },
    async close() {
      await Promise.all([listening.close(), credentialsListening.close()]);
    },
  };
}

function sendError(response: Response, error: Error) {
  const { code, status } =
    error instanceof AwsError ? error : new AwsError('InternalServiceError', error.message, 500);
  response
    .status(status)
    .set('x-amzn-errortype', code)
    .type('application/x-amz-json-1.1')
    .send(JSON.stringify({ __type: code, message: error.message }));
}
