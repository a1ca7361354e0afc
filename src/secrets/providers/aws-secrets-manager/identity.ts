/** Where this process's AWS credentials come from, as the SDK tells without asking another service. */
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

/** The SDK's names of its sources, in the order of its chain. */
const SOURCES: Record<string, string> = {
  CREDENTIALS_ENV_VARS: 'environment variables',
  CREDENTIALS_STS_ASSUME_ROLE_WEB_ID: "a service account's token (IRSA)",
  CREDENTIALS_SSO: 'single sign-on',
  CREDENTIALS_PROFILE: 'a profile',
  CREDENTIALS_HTTP: 'the container (Pod Identity or ECS)',
  CREDENTIALS_IMDS: 'the instance profile',
};

export async function describeAwsIdentity(region: string): Promise<string> {
  const client = new SecretsManagerClient({ region });
  try {
    const credentials: { expiration?: Date; accountId?: string; $source?: object } =
      await client.config.credentials();
    const source = Object.entries(SOURCES).find(([feature]) => feature in (credentials.$source ?? {}))?.[1];
    return [
      `credentials from ${source ?? "the SDK's default chain"}`,
      ...(credentials.accountId ? [`account ${credentials.accountId}`] : []),
      ...(credentials.expiration ? [`valid until ${credentials.expiration.toISOString()}`] : []),
    ].join(', ');
  } finally {
    client.destroy();
  }
}
