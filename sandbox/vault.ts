/**
 * HashiCorp Vault and OpenBao for their clients: KV version 2; token, AppRole and Kubernetes auth; leases; a database
 * engine that creates real PostgreSQL roles; the sealed state.
 * https://developer.hashicorp.com/vault/api-docs
 */
import { randomBytes, randomUUID } from 'node:crypto';
import express, { type NextFunction, type Request, type Response } from 'express';
import { type Clock, systemClock } from '../src/clock.ts';
import { createFaults, type Faults, type Refusal } from './faults.ts';
import { listen } from './http.ts';
import { createTokens, type Token } from './vault-auth.ts';
import { createDatabaseEngine, type DatabaseOptions } from './vault-database.ts';
import { createKeyValueEngine } from './vault-kv.ts';
import { envelope, onWrite, permissionDenied, sendError, VaultError } from './vault-protocol.ts';

const REFUSALS: Record<Refusal, (request: Request) => VaultError> = {
  throttled: () => new VaultError(429, 'request path: rate limit quota exceeded'),
  unavailable: () => new VaultError(500, 'internal error'),
  denied: permissionDenied,
  identity: ({ path }) =>
    path === '/v1/auth/approle/login' ? new VaultError(400, 'invalid role or secret ID') : permissionDenied(),
  expired: permissionDenied,
  sealed: () => new VaultError(503, 'Vault is sealed'),
  standby: () => new VaultError(500, 'local node not active but active cluster node not found'),
};

/** Paths that Vault's policy `default` allows for every token. Revoking a lease is not included. */
const ALLOWED_TO_ALL = [
  /^auth\/token\/(lookup|renew|revoke)-self$/,
  /^sys\/internal\/ui\/mounts(\/|$)/,
  /^sys\/leases\/(lookup|renew)$/,
];

export interface VaultOptions {
  /** Whether the policies of the application and the writer allow a name. */
  mayRead: (name: string) => boolean;
  /** Seconds that a login lasts, and that each renewal adds. Default one hour. */
  tokenTtl?: number;
  /** Seconds after which a login cannot be renewed. Default 768 hours, as in Vault. */
  tokenMaxTtl?: number;
  /** The only service account that may log in through `auth/kubernetes`. */
  kubernetes?: { role: string; jwt: string };
  /** Enables `database/creds/<role>`. */
  database?: DatabaseOptions | undefined;
  /** Speaks HTTPS with this certificate. */
  tls?: { key: string; cert: string };
  port?: number;
  clock?: Clock;
}

export async function startVault({
  mayRead,
  tokenTtl = 3600,
  tokenMaxTtl = 768 * 3600,
  kubernetes,
  database,
  tls,
  port = 0,
  clock = systemClock,
}: VaultOptions) {
  let sealed = false;
  const unsealKey = randomBytes(32).toString('base64');
  const clusterId = randomUUID();
  const keyValue = createKeyValueEngine(clock);
  const databaseEngine = database && createDatabaseEngine(database, clock);
  const tokens = createTokens({
    ttl: tokenTtl,
    maxTtl: tokenMaxTtl,
    kubernetes,
    clock,
    ended: (token) => void databaseEngine?.tokenEnded(token),
  });
  const faults = sparingIdentity(
    createFaults((refusal, request, response) => {
      if (refusal === 'throttled' && !response.get('retry-after')) response.set('retry-after', '1');
      sendError(response, REFUSALS[refusal](request));
    }),
  );

  const reads = { value: 0, version: 0 };

  /** The part of Vault's policy language that the application's policy uses. */
  const authorize = (request: Request, { policies }: Token) => {
    if (policies.includes('root')) return;
    const path = decodeURIComponent(request.path.replace('/v1/', ''));
    if (ALLOWED_TO_ALL.some((allowed) => allowed.test(path))) return;
    if (policies.includes('app') && databaseEngine && path === 'sys/leases/revoke') return;
    const reading = request.method === 'GET' && !request.query.list && policies.includes('app');
    const [, area, name] = /^secret\/(data|metadata)\/(.+)$/.exec(path) ?? [];
    const isLogin = databaseEngine !== undefined && path.startsWith('database/creds/');
    const isWriting = request.method !== 'GET' && request.method !== 'DELETE' && area === 'data';
    if (policies.includes('app-writer') && isWriting && name !== undefined && mayRead(name)) return;
    if (policies.includes('writer') && (isLogin || path.startsWith('secret/'))) return;
    if (!reading || !(isLogin || (name !== undefined && mayRead(name)))) throw permissionDenied();
    reads[area === 'metadata' ? 'version' : 'value'] += 1;
  };

  const sealStatus = () => ({
    type: 'shamir',
    initialized: true,
    sealed,
    t: 1,
    n: 1,
    progress: 0,
    nonce: '',
    version: '1.21.0',
    build_date: '2025-10-22T00:00:00Z',
    migration: false,
    cluster_name: 'sandbox',
    cluster_id: clusterId,
    recovery_seal: false,
    storage_type: 'inmem',
  });

  const service = express();
  service.use(express.json({ type: () => true, limit: '1mb' }), faults.middleware);

  // Requests that a sealed Vault still answers.
  service.get('/v1/sys/seal-status', (_request, response) => void response.json(sealStatus()));
  service.get('/v1/sys/health', (_request, response) => {
    const { initialized, version, cluster_name, cluster_id } = sealStatus();
    const health = { initialized, sealed, standby: false, performance_standby: false, version };
    const server_time_utc = Math.floor(clock.wall() / 1000);
    response.status(sealed ? 503 : 200).json({ ...health, server_time_utc, cluster_name, cluster_id });
  });
  onWrite(service, '/v1/sys/unseal', (request, response) => {
    if (request.body?.key !== unsealKey) throw new VaultError(400, 'invalid key');
    sealed = false;
    response.json(sealStatus());
  });
  service.use((request, _response, next) => {
    if (sealed) throw REFUSALS.sealed(request);
    next();
  });

  service.use('/v1', tokens.publicRouter);
  service.get('/v1/sys/leader', (_request, response) => void response.json({ ha_enabled: false }));

  service.use((request, response, next) => {
    const token = tokens.authenticate(request);
    authorize(request, token);
    response.locals.token = token;
    next();
  });
  service.use('/v1', tokens.router);
  service.use('/v1/secret', keyValue.router);
  if (databaseEngine) service.use('/v1', databaseEngine.router);
  // The Vault command line asks this first, to find the version of KV of a path.
  service.get('/v1/sys/internal/ui/mounts/*name', (_request, response) => {
    const data = { path: 'secret/', type: 'kv', options: { version: '2' }, accessor: 'kv_sandbox' };
    response.json(envelope({ data }));
  });
  onWrite(service, '/v1/sys/seal', (_request, response) => {
    sealed = true;
    response.status(204).end();
  });
  service.use(({ path }) => {
    const route = path.replace('/v1/', '');
    throw new VaultError(404, `no handler for route "${route}". route entry not found.`);
  });
  service.use((error: Error, _request: Request, response: Response, _next: NextFunction) =>
    sendError(response, error),
  );

  const listening = await listen(service, { port, ...(tls && { tls }) });

  return {
    url: listening.url,
    listening,
    faults,
    /** Reads by the application: of values and logins, and of metadata only. */
    reads,
    /** Number of logins and of token renewals. */
    sessions: tokens.sessions,
    /** Variables with which the application reaches this stand-in through AppRole. */
    environment: {
      VAULT_ADDR: listening.url,
      VAULT_ROLE_ID: tokens.appRole.roleId,
      VAULT_SECRET_ID: tokens.appRole.secretId,
      // The role that the service uses to write.
      WRITER_VAULT_ROLE_ID: tokens.writerRole.roleId,
      WRITER_VAULT_SECRET_ID: tokens.writerRole.secretId,
    },
    /** Has every permission, for seeding and rotation. */
    rootToken: tokens.root.id,
    unsealKey,
    /** Creates a token with the application's policy. `ttl` in seconds. */
    createToken: ({ ttl = tokenTtl, renewable = true } = {}) =>
      tokens.create('auth/token/create', ['default', 'app'], ttl, renewable).id,
    /** Creates a token that may read and write every secret and get a database login, as needed for rotation. */
    createWriterToken: () => tokens.create('auth/token/create', ['default', 'writer'], 0).id,
    /** Revokes every token except the root token. */
    revokeTokens: tokens.revokeAll,
    /** Revokes the tokens from logins: those of the service. */
    revokeLogins: tokens.revokeLogins,
    /** Number of tokens, including the root token. */
    tokenCount: tokens.count,
    /** Ids of the active database leases. */
    leases: () => databaseEngine?.leases() ?? [],
    /** Revokes every database login that the engine created. */
    revokeLeases: databaseEngine && (() => databaseEngine.revokeAll()),
    /** Creates the secret or adds a new current version. `value` is a JSON object. */
    async put(name: string, value: string) {
      keyValue.write(name, JSON.parse(value));
    },
    /** Deletes the current version; `vault kv undelete` restores it. */
    async remove(name: string) {
      keyValue.remove(name);
    },
    /** Deletes the secret with its history. */
    forget: keyValue.forget,
    /** Deletes versions permanently. */
    async destroy(name: string, versions: number[]) {
      keyValue.destroy(name, versions);
    },
    seal() {
      sealed = true;
    },
    unseal() {
      sealed = false;
    },
    async close() {
      await listening.close();
      await databaseEngine?.close();
    },
  };
}

/** A denied identity is still authenticated: login and lookup-self work during the fault. */
function sparingIdentity(faults: Faults): Faults {
  return {
    ...faults,
    inject: (fault, { matches = () => true, ...options } = {}) =>
      faults.inject(fault, {
        ...options,
        matches: (request) =>
          matches(request) && !(fault.kind === 'denied' && request.path.startsWith('/v1/auth/')),
      }),
  };
}
