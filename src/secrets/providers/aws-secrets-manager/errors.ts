/** Messages for failures of AWS Secrets Manager: what happened, and what to grant. */
import { SecretError, type SecretErrorCode } from '../../../errors.ts';
import { NOT_UNDERSTOOD, networkRemedy } from '../network/no-answer.ts';
import { parseRetryAfter } from '../network/retry-after.ts';

/** One call: its permission and its target, from which an error says what to create or grant. */
export interface Purpose {
  /** The IAM action, without its service: `GetSecretValue`. */
  action: string;
  name: string;
  region: string;
  /** Base URL of the last request. Undefined before the first, which needs credentials. */
  endpoint?: string | undefined;
  /** URL of the platform's credentials endpoint, from the environment. */
  credentialsEndpoint?: string | undefined;
}

/** Classes by `error.name`, of Secrets Manager and STS. Messages and status are ignored: a denial has 400. */
const CODES: Record<string, SecretErrorCode> = {
  ResourceNotFoundException: 'not-found',
  ResourceExistsException: 'conflict',
  AccessDeniedException: 'denied',
  DecryptionFailure: 'denied',
  AccessDenied: 'identity',
  CredentialsProviderError: 'identity',
  ExpiredToken: 'identity',
  ExpiredTokenException: 'identity',
  IncompleteSignature: 'identity',
  InvalidClientTokenId: 'identity',
  InvalidIdentityToken: 'identity',
  InvalidSignatureException: 'identity',
  MissingAuthenticationToken: 'identity',
  UnrecognizedClientException: 'identity',
  InvalidRequestException: 'disabled',
  InvalidParameterException: 'invalid',
  ValidationException: 'invalid',
  ThrottlingException: 'throttled',
  TooManyRequestsException: 'throttled',
};

interface SdkError extends Error {
  code?: unknown;
  $metadata?: { httpStatusCode?: number };
  $response?: { headers?: Record<string, string> };
}

export function toSecretError(thrown: unknown, purpose: Purpose): SecretError {
  if (thrown instanceof SecretError) return thrown;
  const error = (thrown ?? {}) as SdkError;
  const retryAfter = parseRetryAfter(error.$response?.headers?.['retry-after']);
  return awsError(classify(error, purpose), purpose, withoutAnswer(error), retryAfter);
}

/** @param cause an error without secrets: one of this file, or the reason of a signal */
export const awsError = (
  code: SecretErrorCode,
  purpose: Purpose,
  cause?: unknown,
  retryAfter?: number,
): SecretError =>
  new SecretError(code, messageOf(code, purpose.name), {
    remedy: remedyOf(code, (cause ?? {}) as Cause, purpose),
    cause,
    retryAfter,
  });

export const malformed = (purpose: Purpose) =>
  awsError(
    'unavailable',
    purpose,
    Object.assign(new Error('The answer lacks a field'), { code: NOT_UNDERSTOOD }),
  );

export const withoutCurrent = ({ name, region }: Purpose) =>
  new SecretError('not-found', `${name} has no version labelled AWSCURRENT`, {
    remedy: `Put a value into it: aws secretsmanager put-secret-value --secret-id ${name} --region ${region} --secret-string file://<file>`,
  });

/** The SDK does not say why it has no credentials. With a credentials endpoint, the failure can be temporary. */
function classify({ name, $metadata }: SdkError, { credentialsEndpoint }: Purpose): SecretErrorCode {
  if (name === 'CredentialsProviderError' && credentialsEndpoint) return 'unavailable';
  return CODES[name] ?? ($metadata?.httpStatusCode === 429 ? 'throttled' : 'unavailable');
}

/** The fields of a cause that select a remedy within its class. */
interface Cause {
  code?: unknown;
  status?: number | undefined;
}

/** Keeps the useful and harmless part. The SDK's errors hold the response, and its parser quotes it. */
function withoutAnswer({ name, message, code, $metadata }: SdkError): Error & Cause {
  const status = $metadata?.httpStatusCode;
  const cause = (text: string, word?: string) => Object.assign(new Error(text), { code: word, status });
  if (name in CODES) return cause(message, name);
  // A code of Node, or one from no-answer.ts.
  if (typeof code === 'string' && /^[A-Z_]+$/.test(code)) return cause(message, code);
  if (status !== undefined && status >= 500) return cause(`AWS answered with status ${status}`);
  return cause('The answer could not be read', NOT_UNDERSTOOD);
}

function messageOf(code: SecretErrorCode, name: string): string {
  switch (code) {
    case 'not-found':
      return `AWS Secrets Manager has no secret ${name}, or no version at that stage`;
    case 'denied':
      return `AWS Secrets Manager refuses access to ${name}`;
    case 'identity':
      return `AWS does not accept the identity of this process (asking for ${name})`;
    case 'disabled':
      return `${name} is scheduled for deletion`;
    case 'conflict':
      return `Another writer has changed ${name}`;
    case 'throttled':
      return `AWS Secrets Manager throttles requests (asking for ${name})`;
    case 'unavailable':
      return `AWS Secrets Manager gave no usable answer for ${name}`;
    case 'invalid':
      return `AWS Secrets Manager does not accept ${name} as the name of a secret`;
  }
}

function remedyOf(code: SecretErrorCode, cause: Cause, purpose: Purpose): string {
  const { action, name, region } = purpose;
  switch (code) {
    case 'not-found':
      return `Create ${name} in the region ${region}, or correct AWS_REGION, SECRET_PREFIX or the name override.`;
    case 'denied':
      return cause.code === 'DecryptionFailure'
        ? `Enable the KMS key that encrypts ${name}, and grant kms:Decrypt on it to the role of this process: aws secretsmanager describe-secret --secret-id ${name} --region ${region} --query KmsKeyId`
        : `Grant secretsmanager:${action} on arn:aws:secretsmanager:${region}:<account>:secret:${name}-?????? to the role of this process (aws sts get-caller-identity names it), and with a KMS key of your own kms:Decrypt on that key. A deny in the secret's resource policy takes precedence over every grant.`;
    case 'identity':
      return identityRemedy(cause.code);
    case 'disabled':
      return `Restore it within its recovery window: aws secretsmanager restore-secret --secret-id ${name} --region ${region}`;
    case 'conflict':
      return 'Read the current value, and write again if the change is still wanted.';
    case 'throttled':
      return `Wait. If this continues, raise SECRET_TTL, or find which other clients of the account use up the quota of ${action} in ${region}.`;
    case 'unavailable':
      return unavailableRemedy(cause, purpose);
    case 'invalid':
      return 'Correct SECRET_PREFIX or the name override: a name has at most 512 letters, digits and /_+=.@-.';
  }
}

function identityRemedy(code: unknown): string {
  switch (code) {
    case 'CredentialsProviderError':
      return 'Give this process a role: EKS Pod Identity or IRSA, a task role on ECS, an instance profile on EC2; on a workstation `aws sso login` and AWS_PROFILE.';
    case 'ExpiredToken':
    case 'ExpiredTokenException':
      return 'Give the service a role, whose credentials the SDK renews, in place of AWS_SESSION_TOKEN, which has expired. With a role already, check the clock of this machine.';
    case 'InvalidSignatureException':
    case 'IncompleteSignature':
      return 'Check the clock of this machine, which may be five minutes off at most, and that AWS_SECRET_ACCESS_KEY belongs to AWS_ACCESS_KEY_ID.';
    case 'AccessDenied':
    case 'InvalidIdentityToken':
      return "Check the trust policy of the role in AWS_ROLE_ARN: the cluster's OIDC provider, this pod's namespace and service account, and sts:AssumeRoleWithWebIdentity.";
    default:
      return 'The access key does not exist or is inactive: check which credentials this process finds (aws sts get-caller-identity) and that no stale AWS_ACCESS_KEY_ID hides its role.';
  }
}

function unavailableRemedy(cause: Cause, purpose: Purpose): string {
  const { region, endpoint, credentialsEndpoint } = purpose;
  if (cause.code === 'CredentialsProviderError' || (credentialsEndpoint && !endpoint))
    return `${credentialsEndpoint} gave no credentials: check that the EKS Pod Identity agent runs on this node, or the ECS agent, and that the network policy allows this process to reach it.`;
  if (cause.status !== undefined && cause.status >= 500)
    return `Wait: Secrets Manager in ${region} answered with status ${cause.status} (https://health.aws.amazon.com). Behind a VPC endpoint check that too.`;
  return networkRemedy(cause.code, {
    service: 'Secrets Manager',
    address: endpoint ?? `https://secretsmanager.${region}.amazonaws.com`,
    setting: 'AWS_REGION, or AWS_ENDPOINT_URL where it is set',
    authorities: 'NODE_EXTRA_CA_CERTS',
  });
}
