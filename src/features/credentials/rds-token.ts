/**
 * Tokens of Amazon RDS that replace a password for 15 minutes.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
 */
import type { SignerConfig } from '@aws-sdk/rds-signer';
import type { DatabaseSecret } from '../../secrets/schemas.ts';
import { CredentialError } from './credential-error.ts';
import type { Resolved } from './resolve.ts';

/** Returns the credentials to sign with. Called once for each token. */
type Identity = () => Promise<NonNullable<SignerConfig['credentials']>>;

/** @throws CredentialError with AWS's error code and none of its text */
export async function createRdsToken(
  { host: hostname, port, username }: DatabaseSecret,
  region: string,
  identity: Identity,
): Promise<string> {
  const { Signer } = await import('@aws-sdk/rds-signer');
  try {
    const credentials = await identity();
    return await new Signer({ hostname, port, username, region, credentials }).getAuthToken();
  } catch (cause) {
    throw new CredentialError('refused', `AWS gives no token for this login (${(cause as Error).name}).`, {
      cause,
    });
  }
}

export const accessKeyOf =
  (resolved: Resolved): Identity =>
  async () => ({
    accessKeyId: String(resolved['access-key-id']),
    secretAccessKey: String(resolved['secret-access-key']),
  });

/** The process assumes the role with its own identity. The external id tells the role's owner on whose behalf. */
export const assumedRole =
  (resolved: Resolved, region: string): Identity =>
  async () => {
    const { fromTemporaryCredentials } = await import('@aws-sdk/credential-providers');
    return fromTemporaryCredentials({
      params: {
        RoleArn: String(resolved['role-arn']),
        ExternalId: String(resolved['external-id']),
        RoleSessionName: 'express-secrets-template',
        DurationSeconds: 900,
      },
      clientConfig: { region, maxAttempts: 1 },
    });
  };
