/**
 * AWS Secrets Manager. Who we are comes from the SDK's default chain: role, IRSA, Pod Identity, profile.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
 */
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { SecretError, type SecretErrorCode } from '../../errors.ts';
import { createSecret, type SecretProvider, type Stage } from '../provider.ts';

const STAGES: Record<Stage, string> = {
  current: 'AWSCURRENT',
  previous: 'AWSPREVIOUS',
  pending: 'AWSPENDING',
};

/** `error.name` decides, never the message; a denial arrives as HTTP 400. */
const CODES: Record<string, SecretErrorCode> = {
  ResourceNotFoundException: 'not-found',
  AccessDeniedException: 'denied',
  DecryptionFailure: 'denied',
  ExpiredTokenException: 'identity',
  UnrecognizedClientException: 'identity',
  InvalidClientTokenId: 'identity',
  InvalidSignatureException: 'identity',
  IncompleteSignature: 'identity',
  MissingAuthenticationToken: 'identity',
  CredentialsProviderError: 'identity',
  InvalidRequestException: 'disabled',
  InvalidParameterException: 'invalid',
  ValidationException: 'invalid',
  ThrottlingException: 'throttled',
  TooManyRequestsException: 'throttled',
};

export function createAwsSecretsManager({ region }: { region: string }): SecretProvider {
  const client = new SecretsManagerClient({ region, maxAttempts: 1 });

  const toSecretError = (cause: unknown, action: string, name: string): SecretError => {
    if (cause instanceof SecretError) return cause;
    const code = CODES[(cause as Error).name] ?? 'unavailable';
    return new SecretError(code, MESSAGES[code](name), { remedy: remedy(code, action, name, region), cause });
  };

  /** Runs one call of the SDK and maps its failure; `action` is the IAM action the call needs. */
  const call = async <T>(action: string, name: string, run: () => Promise<T>): Promise<T> => {
    try {
      return await run();
    } catch (error) {
      throw toSecretError(error, action, name);
    }
  };

  return {
    name: 'aws',

    async read(name, { stage = 'current', signal } = {}) {
      const command = new GetSecretValueCommand({ SecretId: name, VersionStage: STAGES[stage] });
      const { SecretString, SecretBinary, VersionId, CreatedDate } = await call('GetSecretValue', name, () =>
        client.send(command, signal ? { abortSignal: signal } : {}),
      );
      const value = SecretString ?? (SecretBinary && Buffer.from(SecretBinary).toString('utf8'));
      if (value === undefined || VersionId === undefined) throw malformed(name);
      return createSecret({ name, value, version: VersionId, createdAt: CreatedDate });
    },

    async version(name, { signal } = {}) {
      const command = new DescribeSecretCommand({ SecretId: name });
      const { VersionIdsToStages = {}, DeletedDate } = await call('DescribeSecret', name, () =>
        client.send(command, signal ? { abortSignal: signal } : {}),
      );
      if (DeletedDate)
        throw new SecretError('disabled', MESSAGES.disabled(name), {
          remedy: remedy('disabled', 'DescribeSecret', name, region),
        });
      const current = Object.entries(VersionIdsToStages).find(([, stages]) =>
        stages.includes(STAGES.current),
      );
      if (!current)
        throw new SecretError('not-found', `${name} has no version labelled AWSCURRENT`, {
          remedy: `Put a value into the secret ${name}.`,
        });
      return current[0];
    },

    async write(name, value, { signal } = {}) {
      const command = new PutSecretValueCommand({ SecretId: name, SecretString: value });
      const { VersionId } = await call('PutSecretValue', name, () =>
        client.send(command, signal ? { abortSignal: signal } : {}),
      );
      if (VersionId === undefined) throw malformed(name);
      return VersionId;
    },

    async close() {
      client.destroy();
    },
  };
}

const malformed = (name: string) =>
  new SecretError('unavailable', `AWS Secrets Manager gave no usable answer for ${name}`, {
    remedy: 'Check that nothing between this process and the endpoint changes answers.',
  });

const MESSAGES: Record<SecretErrorCode, (name: string) => string> = {
  'not-found': (name) => `AWS Secrets Manager has no secret ${name}, or no version at that stage`,
  denied: (name) => `AWS Secrets Manager refuses access to ${name}`,
  identity: (name) => `AWS does not accept this process's credentials (reading ${name})`,
  disabled: (name) => `${name} is scheduled for deletion`,
  throttled: (name) => `AWS Secrets Manager throttles requests (reading ${name})`,
  unavailable: (name) => `AWS Secrets Manager gave no usable answer for ${name}`,
  invalid: (name) => `AWS Secrets Manager does not accept ${name} as the name of a secret`,
};

function remedy(code: SecretErrorCode, action: string, name: string, region: string): string {
  const resource = `arn:aws:secretsmanager:${region}:<account>:secret:${name}-??????`;
  switch (code) {
    case 'not-found':
      return `Create the secret ${name} in region ${region}, or correct AWS_REGION, SECRET_PREFIX or the name override.`;
    case 'denied':
      return `Grant secretsmanager:${action} on ${resource} to this process's role, and kms:Decrypt on the key that encrypts it.`;
    case 'identity':
      return 'Check the role this process runs with (`aws sts get-caller-identity` shows it), that its credentials have not expired, and the clock.';
    case 'disabled':
      return `Restore it within its recovery window: aws secretsmanager restore-secret --secret-id ${name} --region ${region}`;
    case 'throttled':
      return 'Wait; if it goes on, raise the TTL or look for another caller that uses up the quota.';
    case 'unavailable':
      return `Check the network path to Secrets Manager in ${region}: DNS, proxy, security group or VPC endpoint.`;
    case 'invalid':
      return 'Names may contain letters, digits and /_+=.@- only.';
  }
}
