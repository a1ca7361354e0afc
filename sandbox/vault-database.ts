/**
 * Vault's database engine for PostgreSQL: each read of `database/creds/<role>` makes a login role that
 * lives as long as its lease. https://developer.hashicorp.com/vault/api-docs/secret/databases
 */
import { randomBytes } from 'node:crypto';
import { Router } from 'express';
import pg, { type ClientConfig } from 'pg';
import type { Clock } from '../src/clock.ts';
import type { Token } from './vault-auth.ts';
import { envelope, onWrite, time, VaultError } from './vault-protocol.ts';

export interface DatabaseOptions {
  /** How an administrator connects: somebody who may create roles and end sessions. */
  connection: ClientConfig;
  /** The role that has the privileges; every role made here is its member. */
  groupRole: string;
  /** Seconds a lease lasts, and seconds that one renewal adds. */
  defaultTtl: number;
  /** Seconds after which no renewal helps. */
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
  /** Under way or done: a token that ends and an administrator may end one lease in the same moment. */
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
    // NOLOGIN first: a client that reconnects at once must not slip in before the role is gone.
    await administer(
      `ALTER ROLE ${role} NOLOGIN`,
      `SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE usename = ${name}`,
      `DROP ROLE ${role}`,
    );
    leases.delete(lease.id);
  };

  /** Ends a lease that nobody waits for. The role cannot log in beyond its VALID UNTIL in any case. */
  const expire = (lease: Lease) =>
    revoke(lease).catch(({ message }) => console.error(`Vault could not revoke ${lease.id}: ${message}`));

  const remaining = ({ expiresAt }: Lease) => Math.max(0, Math.round((expiresAt - clock.wall()) / 1000));

  const watch = (lease: Lease) => {
    lease.cancelExpiry();
    // A clock may ring early: its longest wait is 24 days.
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
    // The login's name and the role's are cut as Vault cuts them, for PostgreSQL's limit of 63 bytes.
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
    // To revoke what is gone already succeeds.
    const lease = leases.get(String(request.body?.lease_id));
    if (lease) await revoke(lease);
    response.status(204).end();
  });

  return {
    router,
    /** Revokes what a token leased: it ends with the token. */
    async tokenEnded(token: Token) {
      await Promise.all([...leases.values()].filter((lease) => lease.token === token).map(expire));
    },
    /** Ids of the leases in force. */
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
