/** How a connection logs in: with a password, or with a token of Amazon RDS for an IAM user or role. */
import { type DatabaseSecret, databaseSchema } from '../../secrets/schemas.ts';
import { requireAllowedRegion, requireAllowedRole } from './allowed-names.ts';
import { AUTHENTICATION_TYPES } from './configuration.ts';
import { CredentialError } from './credential-error.ts';
import { accessKeyOf, assumedRole, createRdsToken } from './rds-token.ts';
import type { Resolved } from './resolve.ts';
import { requireFields } from './validation.ts';

type AuthenticationType = (typeof AUTHENTICATION_TYPES)[number];

export interface Login {
  /** The server, the database and the user. The password is a placeholder where a token replaces it. */
  target: DatabaseSecret;
  /** @throws CredentialError */
  createPassword(): Promise<string>;
}

const FIELDS: Record<AuthenticationType, string[]> = {
  basic: ['host', 'username', 'password'],
  'iam-user': ['host', 'username', 'access-key-id', 'secret-access-key'],
  'iam-role': ['host', 'username', 'role-arn', 'external-id'],
};

/**
 * Checks that the fields are complete and allowed. Contacts no server.
 * @param awsPlaces allowed, each as `region:account`
 * @throws CredentialError
 */
export function toLogin(resolved: Resolved, awsPlaces: readonly string[]): Login {
  const type = typeOf(resolved);
  requireFields(resolved, FIELDS[type]);
  if (type === 'basic') {
    const target = toTarget(resolved, { password: String(resolved.password) });
    return { target, createPassword: async () => target.password };
  }

  const target = toTarget(resolved, { password: 'replaced by a token', sslmode: 'verify-full' });
  if (target.sslmode !== 'verify-full')
    throw new CredentialError('invalid', 'sslmode must be verify-full: the server receives a usable token.');
  const region = regionOf(target.host, resolved.region);
  requireAllowedRegion(region, awsPlaces);
  if (type === 'iam-user') return withToken(target, region, accessKeyOf(resolved));
  requireAllowedRole(String(resolved['role-arn']), awsPlaces);
  return withToken(target, region, assumedRole(resolved, region));
}

const withToken = (
  target: DatabaseSecret,
  region: string,
  identity: Parameters<typeof createRdsToken>[2],
) => ({
  target,
  createPassword: () => createRdsToken(target, region, identity),
});

function typeOf({ authType = 'basic' }: Resolved): AuthenticationType {
  const type = AUTHENTICATION_TYPES.find((known) => known === authType);
  if (type) return type;
  throw new CredentialError('invalid', `authType must be one of ${AUTHENTICATION_TYPES.join(', ')}.`);
}

function toTarget(resolved: Resolved, defaults: { password: string; sslmode?: string }): DatabaseSecret {
  const { host, port, username, database = 'postgres', sslmode = defaults.sslmode, ca_cert } = resolved;
  const { data, error } = databaseSchema.safeParse({
    host: String(host),
    port,
    username: String(username),
    password: defaults.password,
    dbname: database,
    sslmode,
    ca_cert,
  });
  if (data) return data;
  const fields = error.issues.map(({ path }) => path.join('.').replace('dbname', 'database'));
  throw new CredentialError('invalid', `Invalid fields: [${fields.join(', ')}]`);
}

/** The region in the name of an RDS host takes precedence over the field. */
function regionOf(host: string, field: unknown): string {
  const [, region = field] = /\.([a-z0-9-]+)\.rds\.amazonaws\.com(?:\.cn)?$/.exec(host) ?? [];
  if (typeof region === 'string') return region;
  throw new CredentialError('invalid', 'Missing fields: [region]');
}
