/** What a person is told when AWS Secrets Manager does not do what it is asked: what happened, and what to grant. */
import { SecretError, type SecretErrorCode } from '../../errors.ts';

/** `error.name` decides, never the message; a denial arrives as HTTP 400. */
const CODES: Record<string, SecretErrorCode> = {
  ResourceNotFoundException: 'not-found',
  AccessDeniedException: 'denied',
  DecryptionFailure: 'denied',
  ResourceExistsException: 'conflict',
  // Of STS: the role must not be assumed.
  AccessDenied: 'identity',
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

/** What a call wants, so that an error can say what to grant. */
export interface Purpose {
  /** The IAM action that the call needs. */
  action: string;
  name: string;
  region: string;
}

export const toSecretError = (cause: unknown, purpose: Purpose): SecretError =>
  cause instanceof SecretError
    ? cause
    : awsError(CODES[(cause as Error).name] ?? 'unavailable', purpose, cause);

export const awsError = (code: SecretErrorCode, purpose: Purpose, cause?: unknown): SecretError =>
  new SecretError(code, MESSAGES[code](purpose.name), { remedy: remedy(code, purpose), cause });

export const malformed = (name: string) =>
  new SecretError('unavailable', MESSAGES.unavailable(name), {
    remedy: 'Check that nothing between this process and the endpoint changes answers.',
  });

const MESSAGES: Record<SecretErrorCode, (name: string) => string> = {
  'not-found': (name) => `AWS Secrets Manager has no secret ${name}, or no version at that stage`,
  denied: (name) => `AWS Secrets Manager refuses access to ${name}`,
  identity: (name) => `AWS does not accept this process's credentials (asking for ${name})`,
  disabled: (name) => `${name} is scheduled for deletion`,
  conflict: (name) => `Somebody else has written ${name} meanwhile`,
  throttled: (name) => `AWS Secrets Manager throttles requests (asking for ${name})`,
  unavailable: (name) => `AWS Secrets Manager gave no usable answer for ${name}`,
  invalid: (name) => `AWS Secrets Manager does not accept ${name} as the name of a secret`,
};

function remedy(code: SecretErrorCode, { action, name, region }: Purpose): string {
  const resource = `arn:aws:secretsmanager:${region}:<account>:secret:${name}-??????`;
  switch (code) {
    case 'not-found':
      return `Create the secret ${name} in region ${region}, or correct AWS_REGION, SECRET_PREFIX or the name override.`;
    case 'denied':
      return `Grant secretsmanager:${action} on ${resource} to this process's role, and kms:Decrypt on the key that encrypts it.`;
    case 'identity':
      return 'Check the role this process runs with (`aws sts get-caller-identity` shows it), that its credentials have not expired, the trust of a role it assumes, and the clock.';
    case 'disabled':
      return `Restore it within its recovery window: aws secretsmanager restore-secret --secret-id ${name} --region ${region}`;
    case 'conflict':
      return 'Look at what is there now, and write again if that is still wanted.';
    case 'throttled':
      return 'Wait; if it goes on, raise the TTL or look for another caller that uses up the quota.';
    case 'unavailable':
      return `Check the network path to Secrets Manager in ${region}: DNS, proxy, security group or VPC endpoint.`;
    case 'invalid':
      return 'Names may contain letters, digits and /_+=.@- only.';
  }
}
