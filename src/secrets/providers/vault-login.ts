/**
 * The token that this process uses with Vault: obtained when first needed, renewed before it ends,
 * replaced when it cannot be renewed. https://developer.hashicorp.com/vault/docs/concepts/tokens
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Clock } from '../../clock.ts';
import { SecretError } from '../../errors.ts';
import { type VaultRequest, VaultRequestError } from './vault-client.ts';

export type VaultAuth =
  | { method: 'token'; token: string }
  | { method: 'approle'; roleId: string; secretId: string; mount?: string | undefined }
  | {
      method: 'kubernetes';
      role: string;
      /** Default: where Kubernetes puts the service account's token. */
      jwtPath?: string | undefined;
      mount?: string | undefined;
    };

type Credentials = Exclude<VaultAuth, { method: 'token' }>;

interface Grant {
  token: string;
  /** Seconds that were granted in full, before a max TTL cut them. 0 means for ever. */
  ttl: number;
  /** On the clock's `now()`. */
  expiresAt: number;
  renewable: boolean;
}

const granted = z.object({
  auth: z.object({ client_token: z.string().min(1), lease_duration: z.number(), renewable: z.boolean() }),
});
const lookedUp = z.object({
  data: z.object({ ttl: z.number(), creation_ttl: z.number(), renewable: z.boolean() }),
});

/** Milliseconds for one exchange about tokens; nobody else's signal ends it, as many may wait for it. */
const TIMEOUT = 10_000;
/** Milliseconds between attempts to keep a token while Vault does not answer. */
const RETRY = 15_000;

const REFUSED: ReadonlySet<number | undefined> = new Set([400, 401, 403, 404]);

export function createVaultLogin(request: VaultRequest, auth: VaultAuth, clock: Clock) {
  const ending = new AbortController();
  let current: Promise<string> | undefined;
  let held: string | undefined;
  let cancel = () => {};

  const exchange = async <T>(
    schema: z.ZodType<T>,
    path: string,
    options: { token?: string; body?: object },
  ) => {
    const signal = AbortSignal.any([ending.signal, AbortSignal.timeout(TIMEOUT)]);
    const { data, success } = schema.safeParse(await request(path, { ...options, signal }));
    // The parser's own error is no use as a cause: it may quote what it read.
    if (!success) throw new VaultRequestError(`${path} gave an answer that is not Vault's`, {});
    return data;
  };

  const toGrant = ({ auth }: z.infer<typeof granted>): Grant => ({
    token: auth.client_token,
    ttl: auth.lease_duration,
    expiresAt: clock.now() + auth.lease_duration * 1000,
    renewable: auth.renewable,
  });

  const logIn = async (credentials: Credentials): Promise<Grant> => {
    const { path, body } = await loginRequest(credentials);
    try {
      return toGrant(await exchange(granted, path, { body }));
    } catch (cause) {
      if (cause instanceof VaultRequestError && REFUSED.has(cause.status)) throw identityError(auth, cause);
      throw cause;
    }
  };

  const renew = async (grant: Grant): Promise<Grant> => {
    const renewal = await exchange(granted, 'auth/token/renew-self', { token: grant.token, body: {} });
    const { expiresAt, renewable, ttl } = toGrant(renewal);
    // Less than before means that the max TTL is near, and a login is better. A given token has no better.
    const isCapped = ttl < grant.ttl && auth.method !== 'token';
    return { ...grant, expiresAt, renewable: renewable && !isCapped };
  };

  const plan = (milliseconds: number, task: () => Promise<void>) => {
    cancel();
    if (!ending.signal.aborted) cancel = clock.schedule(Math.max(milliseconds, 1000), () => void task());
  };

  const keep = (grant: Grant): string => {
    held = grant.token;
    current = Promise.resolve(grant.token);
    if (grant.ttl > 0) plan(((grant.expiresAt - clock.now()) * 2) / 3, () => extend(grant));
    return grant.token;
  };

  /** Two thirds into a token's life. A failure costs nothing yet: the last third is for trying again. */
  const extend = async (grant: Grant): Promise<void> => {
    const replace = async (error?: unknown) => {
      if (auth.method === 'token') throw error;
      return logIn(auth);
    };
    try {
      keep(await (grant.renewable ? renew(grant).catch(replace) : replace()));
    } catch {
      if (clock.now() + RETRY < grant.expiresAt) plan(RETRY, () => extend(grant));
      else forget(grant.token);
    }
  };

  /** A token that was handed to us. Without the right to look itself up it is used until it ends. */
  const adopt = async (token: string): Promise<void> => {
    try {
      const { data } = await exchange(lookedUp, 'auth/token/lookup-self', { token });
      const { ttl, creation_ttl, renewable } = data;
      if (renewable) keep({ token, ttl: creation_ttl, expiresAt: clock.now() + ttl * 1000, renewable });
    } catch (error) {
      if (!isForbidden(error)) plan(RETRY, () => adopt(token));
    }
  };

  const start = async (): Promise<string> => {
    if (auth.method !== 'token') return keep(await logIn(auth));
    void adopt(auth.token);
    held = auth.token;
    return auth.token;
  };

  /** Makes the next `token()` log in again; false when that cannot give another token. */
  const forget = (token: string): boolean => {
    if (auth.method === 'token') return false;
    if (held === token) {
      cancel();
      current = undefined;
      // Whoever else finds the same token dead must not undo the login that replaces it.
      held = undefined;
    }
    return true;
  };

  return {
    forget,

    /** The token to use now. Callers share one login. @throws SecretError, VaultRequestError */
    token(signal?: AbortSignal): Promise<string> {
      current ??= start().catch((error) => {
        current = undefined;
        throw error;
      });
      return abortable(current, signal);
    },

    /** After a 403: does Vault still know the token? Then it was the policy that refused. */
    async isKnown(token: string, signal?: AbortSignal): Promise<boolean> {
      if (token !== held) return false;
      try {
        await request('auth/token/lookup-self', { token, signal });
        return true;
      } catch (error) {
        if (isForbidden(error)) return false;
        throw error;
      }
    },

    /** Stops renewing, and revokes a token that a login made: at most a second, and no matter if it fails. */
    async close(): Promise<void> {
      if (ending.signal.aborted) return;
      cancel();
      ending.abort();
      const token = await current?.catch(() => undefined);
      if (token === undefined || auth.method === 'token') return;
      const signal = AbortSignal.timeout(1000);
      await request('auth/token/revoke-self', { token, body: {}, signal }).catch(() => {});
    },
  };
}

const isForbidden = (error: unknown) => error instanceof VaultRequestError && error.status === 403;

/** A login's endpoint and what it wants. The JWT is read each time, as Kubernetes renews the file. */
async function loginRequest(auth: Credentials) {
  if (auth.method === 'approle')
    return {
      path: `auth/${auth.mount ?? 'approle'}/login`,
      body: { role_id: auth.roleId, secret_id: auth.secretId },
    };
  const jwtPath = auth.jwtPath ?? '/var/run/secrets/kubernetes.io/serviceaccount/token';
  const jwt = await readFile(jwtPath, 'utf8').catch((cause: unknown) => {
    throw new SecretError('identity', `The service account's token cannot be read from ${jwtPath}`, {
      remedy:
        'Let the pod mount it (automountServiceAccountToken, or a projected volume named by VAULT_KUBERNETES_TOKEN_FILE).',
      cause,
    });
  });
  return { path: `auth/${auth.mount ?? 'kubernetes'}/login`, body: { role: auth.role, jwt: jwt.trim() } };
}

export function identityError(auth: VaultAuth, cause: unknown): SecretError {
  const [message, remedy] = identityProblem(auth);
  return new SecretError('identity', message, { remedy, cause });
}

function identityProblem(auth: VaultAuth): [message: string, remedy: string] {
  switch (auth.method) {
    case 'token':
      return [
        'Vault does not accept the token',
        'Set VAULT_TOKEN to a token that has neither expired nor been revoked (`vault token lookup` shows it), and check VAULT_NAMESPACE. Its policies must include `default`.',
      ];
    case 'approle': {
      const mount = auth.mount ?? 'approle';
      return [
        'Vault does not accept the AppRole login',
        `Check VAULT_ROLE_ID, VAULT_NAMESPACE and that auth/${mount} is enabled; make a new VAULT_SECRET_ID: vault write -f auth/${mount}/role/<role>/secret-id`,
      ];
    }
    case 'kubernetes': {
      const path = `auth/${auth.mount ?? 'kubernetes'}/role/${auth.role}`;
      return [
        `Vault does not accept the Kubernetes login as role ${auth.role}`,
        `Check that the role binds this pod's service account, namespace and audience (vault read ${path}), and VAULT_KUBERNETES_ROLE and VAULT_NAMESPACE.`,
      ];
    }
  }
}

/** Waits for what others wait for too, and leaves alone when the signal fires. */
async function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', abort));
}
