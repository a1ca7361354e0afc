/**
 * Vault's database engine for PostgreSQL: each read of `database/creds/<role>` creates a login role that lives as long as
 * its lease. https://developer.hashicorp.com/vault/api-docs/secret/databases
 */
import { randomBytes } from 'node:crypto';
import { Router } from 'express';
import pg, { type ClientConfig } from 'pg';
import type { Clock } from '../src/clock.ts';
import type { Token } from './vault-auth.ts';
import { envelope, onWrite, time, VaultError } from './vault-protocol.ts';

export interface DatabaseOptions {
  /** Connects as an administrator that may create roles and end sessions. */
  connection: ClientConfig;
  /** The role with the privileges. Every role created here is a member of it. */
  groupRole: string;
  /** Lifetime of a lease in seconds, and the seconds that a renewal adds. */
  defaultTtl: number;
  /** Seconds after which a lease cannot be renewed. */
  maxTtl: number;
}

interface Lease {
  id: string;
  username: string;
  token: Token;
  issuedAt: number;
  renewedAt?: number;
  expiresAt: number;
  cancelExpiry: () => void;
  /** Under way or done. The end of a token and an administrator may both revoke a lease at the same time. */
  revocation?: Promise<void> | undefined;
}

export function createDatabaseEngine(options: DatabaseOptions, clock: Clock) {
  const { connection, groupRole, defaultTtl, maxTtl } = options;
  const leases = new Map<string, Lease>();

  const administer = async (...statements: string[]) => {
    const client = new pg.Client(connection);
    await client.connect();
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.end();
    }
  };

  const revoke = (lease: Lease): Promise<void> => {
    lease.revocation ??= dropRole(lease).catch((error) => {
      lease.revocation = undefined;
      throw error;
    });
    return lease.revocation;
  };

  const dropRole = async (lease: Lease) => {
    lease.cancelExpiry();
    const [role, name] = [pg.escapeIdentifier(lease.username), pg.escapeLiteral(lease.username)];
    // NOLOGIN first: a client that reconnects at once must not log in before the role is dropped.
    await administer(
      `ALTER ROLE ${role} NOLOGIN`,
      `SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE usename = ${name}`,
      `DROP ROLE ${role}`,
    );
    leases.delete(lease.id);
  };

  /** Revokes a lease in the background. The role cannot log in after its VALID UNTIL in any case. */
  const expire = (lease: Lease) =>
    revoke(lease).catch(({ message }) => console.error(`Vault could not revoke ${lease.id}: ${message}`));

  const remaining = ({ expiresAt }: Lease) => Math.max(0, Math.round((expiresAt - clock.wall()) / 1000));

  const watch = (lease: Lease) => {
    lease.cancelExpiry();
    // A timer may fire early: its longest delay is 24 days.
    lease.cancelExpiry = clock.schedule(lease.expiresAt - clock.wall(), () =>
      remaining(lease) > 0 ? watch(lease) : void expire(lease),
    );
  };

  const find = (id: unknown, message: string): Lease => {
    const lease = leases.get(String(id));
    if (!lease || remaining(lease) === 0) throw new VaultError(400, message);
    return lease;
  };

  const router = Router();

  router.get('/database/creds/:role', async (request, response) => {
    const token: Token = response.locals.token;
    const { role } = request.params;
    // Names are truncated as Vault truncates them, for PostgreSQL's limit of 63 bytes.
    const login = token.path.split('/')[1] ?? 'token';
    const suffix = randomBytes(15)
      .toString('base64url')
      .replace(/[^0-9A-Za-z]/g, 'x');
    const username = `v-${login.slice(0, 8)}-${role.slice(0, 8)}-${suffix}`;
    const password = randomBytes(24).toString('base64url');
    const issuedAt = clock.wall();
    const lease: Lease = {
      id: `database/creds/${role}/${randomBytes(12).toString('hex')}`,
      username,
      token,
      issuedAt,
      expiresAt: issuedAt + Math.min(defaultTtl, maxTtl) * 1000,
      cancelExpiry: () => {},
    };
    await administer(
      `CREATE ROLE ${pg.escapeIdentifier(username)} LOGIN PASSWORD ${pg.escapeLiteral(password)}
         VALID UNTIL '${time(lease.expiresAt)}' IN ROLE ${pg.escapeIdentifier(groupRole)}`,
    );
    leases.set(lease.id, lease);
    watch(lease);
    response.json(
      envelope({
        lease_id: lease.id,
        renewable: true,
        lease_duration: remaining(lease),
        data: { username, password },
      }),
    );
  });

  onWrite(router, '/sys/leases/lookup', (request, response) => {
    const lease = find(request.body?.lease_id, 'invalid lease');
    const data = {
      id: lease.id,
      issue_time: time(lease.issuedAt),
      expire_time: time(lease.expiresAt),
      last_renewal: time(lease.renewedAt) || null,
      renewable: true,
      ttl: remaining(lease),
    };
    response.json(envelope({ data }));
  });

  onWrite(router, '/sys/leases/renew', async (request, response) => {
    const lease = find(request.body?.lease_id, 'lease not found');
    const increment = Number.parseInt(request.body.increment ?? '', 10) || defaultTtl;
    lease.renewedAt = clock.wall();
    lease.expiresAt = Math.min(lease.renewedAt + increment * 1000, lease.issuedAt + maxTtl * 1000);
    await administer(
      `ALTER ROLE ${pg.escapeIdentifier(lease.username)} VALID UNTIL '${time(lease.expiresAt)}'`,
    );
    watch(lease);
    response.json(envelope({ lease_id: lease.id, renewable: true, lease_duration: remaining(lease) }));
  });

  onWrite(router, '/sys/leases/revoke', async (request, response) => {
    // Revoking a revoked lease succeeds.
    const lease = leases.get(String(request.body?.lease_id));
    if (lease) await revoke(lease);
    response.status(204).end();
  });

  return {
    router,
    /** Revokes the leases of a token that has ended. */
    async tokenEnded(token: Token) {
      await Promise.all([...leases.values()].filter((lease) => lease.token === token).map(expire));
    },
    /** Ids of the active leases. */
    leases: () => [...leases.keys()],
    /** Revokes every lease, as `vault lease revoke -prefix database/creds` does. */
    async revokeAll() {
      await Promise.all([...leases.values()].map(revoke));
    },
    async close() {
      await Promise.all([...leases.values()].map(expire));
    },
  };
}
