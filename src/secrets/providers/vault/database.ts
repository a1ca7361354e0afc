/**
 * Logins that Vault's database engine creates for this process, each with a lease.
 * https://developer.hashicorp.com/vault/docs/secrets/databases/postgresql
 */
import { z } from 'zod';
import type { Clock } from '../../../clock.ts';
import { SecretError, type SecretErrorCode } from '../../../errors.ts';
import { createSecret, type Lease, type Secret } from '../../provider.ts';
import { VaultRequestError, type VaultRequestOptions } from './client.ts';

export interface VaultDatabaseSettings {
  /** The engine's role, `VAULT_DATABASE_ROLE`. */
  role: string;
  /** Mount of the engine. Default `database`. */
  mount: string;
}

type Request = (path: string, options?: Omit<VaultRequestOptions, 'token'>) => Promise<unknown>;
type Options = { signal?: AbortSignal | undefined };

const leased = z.object({ lease_id: z.string().min(1), lease_duration: z.number(), renewable: z.boolean() });
const credentials = leased.extend({ data: z.object({ username: z.string(), password: z.string() }) });

const toLease = ({ lease_id, lease_duration, renewable }: z.infer<typeof leased>): Lease => ({
  id: lease_id,
  duration: lease_duration * 1000,
  renewable,
});

export function createVaultDatabase({ role, mount }: VaultDatabaseSettings, request: Request, clock: Clock) {
  const path = `${mount}/creds/${role}`;

  const call = async <T>(
    schema: z.ZodType<T>,
    where: string,
    options: Omit<VaultRequestOptions, 'token'>,
  ): Promise<T> => {
    const answer = await request(where, options).catch((cause: unknown) => {
      throw toSecretError(cause, where, path);
    });
    const { success, data } = schema.safeParse(answer);
    // Drops the parser's error, which can quote the password.
    if (!success) throw databaseError('unavailable', where, path);
    return data;
  };

  return {
    /** @param connection the KV secret that says where the database is: a JSON object without the login */
    async read(connection: Secret, { signal }: Options): Promise<Secret> {
      const { data, ...lease } = await call(credentials, path, { signal });
      return createSecret({
        name: path,
        value: JSON.stringify({ ...JSON.parse(connection.value), ...data }),
        version: lease.lease_id,
        createdAt: new Date(clock.wall()),
        lease: toLease(lease),
      });
    },

    async renew({ id, duration }: Lease, { signal }: Options = {}): Promise<Lease> {
      const body = { lease_id: id, increment: Math.round(duration / 1000) };
      return toLease(await call(leased, 'sys/leases/renew', { body, signal }));
    },

    async revoke({ id }: Lease, { signal }: Options = {}): Promise<void> {
      await call(z.unknown(), 'sys/leases/revoke', { body: { lease_id: id }, signal });
    },
  };
}

/** For a lease, 400 means that it has expired or cannot be renewed. New credentials help; a retry does not. */
const CODES: Record<number, SecretErrorCode> = {
  400: 'not-found',
  403: 'denied',
  404: 'not-found',
  429: 'throttled',
};

function toSecretError(cause: unknown, where: string, path: string): SecretError {
  if (cause instanceof SecretError) return cause;
  const failure = cause instanceof VaultRequestError ? cause : undefined;
  return databaseError(CODES[failure?.status ?? 0] ?? 'unavailable', where, path, cause, failure?.retryAfter);
}

function databaseError(
  code: SecretErrorCode,
  where: string,
  path: string,
  cause?: unknown,
  retryAfter?: number,
) {
  return new SecretError(code, `Vault's ${where} gave no usable answer (${code})`, {
    remedy: remedyFor(code, where, path),
    cause,
    retryAfter,
  });
}

function remedyFor(code: SecretErrorCode, where: string, path: string): string {
  if (code === 'denied') {
    const capability = where === path ? 'read' : 'update';
    return `Add to the policy of this process's role: path "${where}" { capabilities = ["${capability}"] }`;
  }
  if (code === 'not-found')
    return where === path
      ? `Check VAULT_DATABASE_ROLE and VAULT_DATABASE_MOUNT: \`vault read ${path}\` must return a login.`
      : 'Nothing to fix: the lease has ended, and the service requests new credentials.';
  if (code === 'throttled')
    return 'Wait. If this continues, check the rate limit quotas: vault list sys/quotas/rate-limit';
  return `Check that Vault reaches the database (\`vault read ${path}\`), and its log.`;
}
