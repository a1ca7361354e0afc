/**
 * Vault's tokens and the two logins that the template supports, AppRole and Kubernetes.
 * https://developer.hashicorp.com/vault/api-docs/auth/token
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { type Request, Router } from 'express';
import type { Clock } from '../src/clock.ts';
import { envelope, onWrite, permissionDenied, time, VaultError } from './vault-protocol.ts';

export interface Token {
  id: string;
  accessor: string;
  /** Login or endpoint that created it. */
  path: string;
  policies: string[];
  /** Seconds that a login or a renewal grants. 0: never expires. */
  ttl: number;
  renewable: boolean;
  createdAt: number;
  expiresAt: number;
}

export interface TokenOptions {
  /** Seconds. */
  ttl: number;
  /** Seconds after the login. Renewal cannot exceed it. */
  maxTtl: number;
  kubernetes?: { role: string; jwt: string } | undefined;
  clock: Clock;
  /** Called when a token expires or is revoked. Vault then revokes its leases. */
  ended: (token: Token) => void;
}

export function createTokens({ ttl, maxTtl, kubernetes, clock, ended }: TokenOptions) {
  const tokens = new Map<string, Token>();
  const appRole = { roleId: randomUUID(), secretId: randomUUID() };
  const writerRole = { roleId: randomUUID(), secretId: randomUUID() };
  const sessions = { logins: 0, renewals: 0 };

  const create = (path: string, policies: string[], lasting = ttl, renewable = true): Token => {
    const createdAt = clock.wall();
    const token: Token = {
      id: `hvs.${randomBytes(24).toString('base64url')}`,
      accessor: randomBytes(16).toString('base64url'),
      path,
      policies,
      ttl: lasting,
      renewable: renewable && lasting > 0,
      createdAt,
      expiresAt: lasting > 0 ? createdAt + lasting * 1000 : Number.POSITIVE_INFINITY,
    };
    tokens.set(token.id, token);
    return token;
  };

  const end = (token: Token) => {
    if (tokens.delete(token.id)) ended(token);
  };

  const remaining = ({ expiresAt, ttl }: Token) =>
    ttl === 0 ? 0 : Math.max(0, Math.round((expiresAt - clock.wall()) / 1000));

  const describe = (token: Token) => ({
    auth: {
      client_token: token.id,
      accessor: token.accessor,
      policies: token.policies,
      token_policies: token.policies,
      metadata: {},
      lease_duration: remaining(token),
      renewable: token.renewable,
      entity_id: '',
      token_type: 'service',
      orphan: true,
      mfa_requirement: null,
      num_uses: 0,
    },
  });

  /** The token of a request. Throws when it is missing, unknown or expired. */
  const authenticate = (request: Request): Token => {
    const id = request.get('x-vault-token') ?? request.get('authorization')?.replace(/^Bearer /, '');
    const token = tokens.get(id ?? '');
    if (!token) throw permissionDenied();
    if (token.expiresAt > clock.wall()) return token;
    end(token);
    throw permissionDenied();
  };

  /** Routes that need no token. */
  const publicRouter = Router();

  onWrite(publicRouter, '/auth/approle/login', (request, response) => {
    const { role_id, secret_id } = request.body ?? {};
    const role = [appRole, writerRole].find(({ roleId }) => roleId === role_id);
    if (role?.secretId !== secret_id) throw new VaultError(400, 'invalid role or secret ID');
    sessions.logins += 1;
    const policy = role === appRole ? 'app' : 'app-writer';
    response.json(envelope(describe(create('auth/approle/login', ['default', policy]))));
  });

  onWrite(publicRouter, '/auth/kubernetes/login', (request, response) => {
    const { role, jwt } = request.body ?? {};
    if (!kubernetes || role !== kubernetes.role) throw new VaultError(400, `invalid role name "${role}"`);
    if (jwt !== kubernetes.jwt) throw permissionDenied();
    sessions.logins += 1;
    response.json(envelope(describe(create('auth/kubernetes/login', ['default', 'app']))));
  });

  const router = Router();

  router.get('/auth/token/lookup-self', (request, response) => {
    const token = authenticate(request);
    const data = {
      id: token.id,
      accessor: token.accessor,
      path: token.path,
      policies: token.policies,
      creation_time: Math.floor(token.createdAt / 1000),
      issue_time: time(token.createdAt),
      creation_ttl: token.ttl,
      ttl: remaining(token),
      expire_time: token.ttl === 0 ? null : time(token.expiresAt),
      explicit_max_ttl: 0,
      renewable: token.renewable,
      display_name: token.path.split('/')[1],
      entity_id: '',
      meta: null,
      num_uses: 0,
      orphan: true,
      type: 'service',
    };
    response.json(envelope({ data }));
  });

  onWrite(router, '/auth/token/renew-self', (request, response) => {
    sessions.renewals += 1;
    const token = authenticate(request);
    if (!token.renewable) throw new VaultError(400, 'lease is not renewable');
    const wanted = clock.wall() + (Number.parseInt(request.body?.increment ?? '', 10) || token.ttl) * 1000;
    token.expiresAt = Math.min(wanted, token.createdAt + maxTtl * 1000);
    response.json(envelope(describe(token)));
  });

  onWrite(router, '/auth/token/revoke-self', (request, response) => {
    end(authenticate(request));
    response.status(204).end();
  });

  onWrite(router, '/auth/token/create', (request, response) => {
    const { policies = ['root'], ttl: wanted, renewable } = request.body ?? {};
    const lasting = Number.parseInt(wanted ?? '', 10) || (policies.includes('root') ? 0 : ttl);
    response.json(envelope(describe(create('auth/token/create', policies, lasting, renewable))));
  });

  return {
    publicRouter,
    router,
    authenticate,
    appRole,
    writerRole,
    sessions,
    root: create('auth/token/root', ['root'], 0),
    create,
    /** Revokes every token except root's, as an operator may after an incident. */
    revokeAll() {
      for (const token of [...tokens.values()]) if (!token.policies.includes('root')) end(token);
    },
    /** Revokes the tokens from logins, but not those that were created directly. */
    revokeLogins() {
      for (const token of [...tokens.values()]) if (token.path.endsWith('/login')) end(token);
    },
    count: () => tokens.size,
  };
}
