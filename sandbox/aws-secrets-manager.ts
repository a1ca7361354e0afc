/**
 * AWS Secrets Manager for its SDK: AWS JSON 1.1 over HTTP, versions with staging labels, a deletion window. Callers are
 * identified by access key; the signature is not checked.
 */
import express, { type Request, type Response } from 'express';
import { createAccessKey, startCredentials } from './aws-credentials.ts';
import { createOperations, type RequestParameters } from './aws-operations.ts';
import { AwsError, REFUSALS, sendAnswer, sendError } from './aws-protocol.ts';
import { startSts } from './aws-sts.ts';
import { createFaults } from './faults.ts';
import { listen } from './http.ts';

const READER_OPERATIONS = new Set(['GetSecretValue', 'DescribeSecret']);
const WRITER_OPERATIONS = new Set(['CreateSecret', 'PutSecretValue', 'UpdateSecretVersionStage']);
const WRITER_ROLE = 'arn:aws:iam::000000000000:role/myapp-secrets-writer';

export interface AwsSecretsManagerOptions {
  /** For the credentials token; only this user can read it. */
  directory: string;
  region?: string;
  /** Whether the policies of the reader and the writer allow a name. */
  mayRead: (name: string) => boolean;
  /** Speaks HTTPS with this certificate. */
  tls?: { key: string; cert: string };
}

export async function startAwsSecretsManager({
  directory,
  region = 'eu-central-1',
  mayRead,
  tls,
}: AwsSecretsManagerOptions) {
  const reader = createAccessKey('ASIA');
  const administrator = createAccessKey('AKIA');
  const { operations, put, setKey } = createOperations(region);
  const sts = await startSts({ roles: [{ arn: WRITER_ROLE, trusts: reader.accessKeyId }] });
  const reads = { value: 0, version: 0 };
  const faults = createFaults((refusal, _request, response) => {
    const [code, status] = REFUSALS[refusal];
    sendError(response, new AwsError(code, `Injected fault: ${refusal}.`, status));
  });

  /** The part of the policy language that the template's policies use: actions on named secrets. */
  const authorize = (request: Request, operation: string, { SecretId, Name }: RequestParameters) => {
    const name = nameOf(SecretId ?? Name ?? '');
    const [, accessKeyId, scopeRegion] =
      /Credential=([^/]+)\/\d+\/([^/]+)\//.exec(request.headers.authorization ?? '') ?? [];
    const isWriter = sts.roleOf(accessKeyId) === WRITER_ROLE;
    if (!isWriter && accessKeyId !== reader.accessKeyId && accessKeyId !== administrator.accessKeyId)
      throw new AwsError(
        'UnrecognizedClientException',
        'The security token included in the request is invalid.',
      );
    // Every other region has a Secrets Manager too, without these secrets.
    if (scopeRegion !== region)
      throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
    if (accessKeyId === administrator.accessKeyId) return;
    const allowed = isWriter ? WRITER_OPERATIONS : READER_OPERATIONS;
    if (!allowed.has(operation) || !mayRead(name))
      throw new AwsError(
        'AccessDeniedException',
        `User is not authorized to perform: secretsmanager:${operation} on resource: ${name}`,
      );
    if (!isWriter) reads[operation === 'GetSecretValue' ? 'value' : 'version'] += 1;
  };

  const handlers = new Map<string, (parameters: RequestParameters) => object>(Object.entries(operations));
  const service = express();
  service.use(express.json({ type: () => true, limit: '1mb' }), faults.middleware);
  service.post('/', (request, response) => {
    const operation = String(request.headers['x-amz-target']).replace('secretsmanager.', '');
    const handle = handlers.get(operation);
    if (!handle) throw new AwsError('UnknownOperationException', `Unknown operation ${operation}.`);
    authorize(request, operation, request.body);
    sendAnswer(response, handle(request.body));
  });
  service.use((error: Error, _request: Request, response: Response, _next: unknown) =>
    sendError(response, error),
  );

  const credentials = await startCredentials(reader, directory);
  const listening = await listen(service, tls && { tls });
  const { url } = listening;

  return {
    url,
    listening,
    faults,
    /** Reads by the reader: of values, and of versions only. */
    reads,
    /** Variables with which the application reaches this stand-in as the reader. */
    environment: {
      AWS_REGION: region,
      // Read by version 1 of the AWS command line.
      AWS_DEFAULT_REGION: region,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: url,
      AWS_ENDPOINT_URL_STS: sts.url,
      ...credentials.environment,
      // The role that the reader assumes to write.
      WRITER_AWS_ROLE_ARN: WRITER_ROLE,
    },
    /** An identity with every permission, for seeding and rotation. */
    administrator,
    arnOf: (name: string) => operations.DescribeSecret({ SecretId: name }).ARN,
    /** Creates the secret or adds a new current version. */
    async put(name: string, value: string) {
      put(name, value);
    },
    /** Schedules the secret for deletion. */
    async remove(name: string) {
      operations.DeleteSecret({ SecretId: name });
    },
    async restore(name: string) {
      operations.RestoreSecret({ SecretId: name });
    },
    /** Deletes the secret at once; it cannot be restored. */
    destroy(name: string) {
      operations.DeleteSecret({ SecretId: name, ForceDeleteWithoutRecovery: true });
    },
    /** Sets the state of the KMS key that encrypts the secret. */
    disableKey: (name: string) => setKey(name, 'disabled'),
    enableKey: (name: string) => setKey(name, 'enabled'),
    async close() {
      await Promise.all([listening.close(), credentials.close(), sts.close()]);
    },
  };
}

/** Policies use names; callers may use the ARN, which has a suffix of six characters. */
const nameOf = (secretId: string): string =>
  /^arn:aws:secretsmanager:[^:]*:\d{12}:secret:(.+)-[^-]{6}$/.exec(secretId)?.[1] ?? secretId;
