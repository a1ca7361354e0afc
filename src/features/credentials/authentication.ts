/**
 * How a connection logs in: with a password, or as an IAM user or role with a token of Amazon RDS that stands for one for
 * fifteen minutes. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
 */
import { type DatabaseSecret, databaseSchema } from '../../secrets/schemas.ts';
import { requireAllowedRole } from './allowed-names.ts';
import { AUTHENTICATION_TYPES } from './configuration.ts';
import { CredentialError } from './credential-error.ts';
import type { Resolved } from './resolve.ts';
import { requireFields } from './validation.ts';

export type AuthenticationType = (typeof AUTHENTICATION_TYPES)[number];

const FIELDS: Record<AuthenticationType, string[]> = {
  basic: ['host', 'username', 'password'],
  'iam-user': ['host', 'username', 'access-key-id', 'secret-access-key'],
  'iam-role': ['host', 'username', 'role-arn', 'external-id'],
};

/** The server and the login, with a password still to be made where IAM makes it. @throws CredentialError */
export function toLogin(resolved: Resolved): { type: AuthenticationType; login: DatabaseSecret } {
  const { authType = 'basic' } = resolved;
  const type = AUTHENTICATION_TYPES.find((known) => known === authType);
  if (!type)
    throw new CredentialError('invalid', `authType must be one of ${AUTHENTICATION_TYPES.join(', ')}.`);
  requireFields(resolved, FIELDS[type]);
  const { host, port, username, password, extra = {} } = resolved;
  const { database = 'postgres', sslmode, ca_cert } = extra as Record<string, unknown>;
  const { data, error } = databaseSchema.safeParse({
    host: String(host),
    port,
    username: String(username),
    password: type === 'basic' ? String(password) : 'made when it is needed',
    dbname: resolved.database ?? resolved.dbname ?? database,
    // A token is sent as it is, so it goes to nobody but the server.
    sslmode: sslmode ?? (type === 'basic' ? undefined : 'verify-full'),
    ca_cert,
  });
  if (error)
    throw new CredentialError(
      'invalid',
      `Not usable: ${error.issues.map(({ path }) => path.join('.')).join(', ')}.`,
    );
  if (type !== 'basic' && data.sslmode !== 'verify-full')
    throw new CredentialError(
      'invalid',
      'extra.sslmode must be verify-full: a token may go to the server only.',
    );
  return { type, login: data };
}

export interface AuthenticationOptions {
  /** AWS accounts that are allowed, as `region:account`. */
  awsPlaces: readonly string[];
  signal?: AbortSignal | undefined;
}

/** @throws CredentialError */
export async function passwordFor(
  { type, login }: ReturnType<typeof toLogin>,
  resolved: Resolved,
  { awsPlaces }: AuthenticationOptions,
): Promise<string> {
  if (type === 'basic') return login.password;
  const region = regionOf(login.host, resolved.region);
  const credentials =
    type === 'iam-user' ? accessKey(resolved) : await assumedRole(resolved, region, awsPlaces);
  const { Signer } = await import('@aws-sdk/rds-signer');
  const { host: hostname, port, username } = login;
  try {
    return await new Signer({ hostname, port, username, region, credentials }).getAuthToken();
  } catch (cause) {
    throw new CredentialError('refused', `AWS gives no token for this login (${(cause as Error).name}).`, {
      cause,
    });
  }
}

/** The host's own region goes before the field. It becomes part of AWS's own host names, so it has to be one. */
function regionOf(host: string, field: unknown): string {
  const [, region = field] = /\.([a-z0-9-]+)\.rds\.amazonaws\.com(?:\.cn)?$/.exec(host) ?? [];
  if (region === undefined) throw new CredentialError('invalid', 'Missing fields: [region]');
  if (typeof region !== 'string' || !/^[a-z0-9-]{1,32}$/.test(region))
    throw new CredentialError('invalid', 'region is not the name of a region.');
  return region;
}

const accessKey = (resolved: Resolved) => ({
  accessKeyId: String(resolved['access-key-id']),
  secretAccessKey: String(resolved['secret-access-key']),
});

/** The identity of the process takes on the role; the external id shows the role's owner for whom. */
async function assumedRole(resolved: Resolved, region: string, awsPlaces: readonly string[]) {
  const roleArn = String(resolved['role-arn']);
  requireAllowedRole(roleArn, awsPlaces);
  const { fromTemporaryCredentials } = await import('@aws-sdk/credential-providers');
  return fromTemporaryCredentials({
    params: {
      RoleArn: roleArn,
      ExternalId: String(resolved['external-id']),
      RoleSessionName: 'express-secrets-template',
      DurationSeconds: 900,
    },
    clientConfig: { region, maxAttempts: 1 },
  });
}
