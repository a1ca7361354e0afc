/**
 * Sends requests with the token of this process, which is obtained on first use, renewed before it expires, and
 * replaced when it cannot be renewed. https://developer.hashicorp.com/vault/docs/concepts/tokens
 */
import type { Clock } from '../../../clock.ts';
import { untilAborted } from '../../../deadline.ts';
import { type VaultRequest, VaultRequestError, type VaultRequestOptions } from './client.ts';
import { identityError, type VaultAuth } from './login.ts';
import { createTokenRequests, type Grant } from './token-requests.ts';

/** Milliseconds between attempts to renew a token while Vault does not answer. */
const RETRY = 15_000;

export function createVaultSession(request: VaultRequest, auth: VaultAuth, clock: Clock) {
  const closing = new AbortController();
  const requests = createTokenRequests(request, clock, closing.signal);
  let current: Promise<string> | undefined;
  let held: string | undefined;
  let latest: string | undefined;
  const loginListeners = new Set<() => void>();
  let cancel = () => {};

  const plan = (milliseconds: number, task: () => Promise<void>) => {
    cancel();
    if (!closing.signal.aborted) cancel = clock.schedule(Math.max(milliseconds, 1000), () => void task());
  };

  const keep = (grant: Grant): string => {
    held = grant.token;
    current = Promise.resolve(grant.token);
    const isAnother = latest !== undefined && latest !== grant.token;
    latest = grant.token;
    if (isAnother) for (const listener of loginListeners) listener();
    if (grant.ttl > 0) plan(((grant.expiresAt - clock.now()) * 2) / 3, () => extend(grant));
    return grant.token;
  };

  const renew = async (grant: Grant): Promise<Grant> => {
    const { ttl, expiresAt, renewable } = await requests.renew(grant.token);
    // A shorter TTL means that the maximum is near, so a new login is better. A given token has no login.
    const isCapped = ttl < grant.ttl && auth.method !== 'token';
    return { ...grant, expiresAt, renewable: renewable && !isCapped };
  };

  const replace = async (error?: unknown): Promise<Grant> => {
    if (auth.method === 'token') throw error;
    return requests.logIn(auth);
  };

  /** Runs after two thirds of a token's life. The last third is for retries. */
  const extend = async (grant: Grant): Promise<void> => {
    try {
      const next = await (grant.renewable ? renew(grant).catch(replace) : replace());
      if (held === grant.token) keep(next);
      // The token was found invalid and replaced meanwhile: one login is enough.
      else if (next.token !== grant.token) await requests.revoke(next.token);
    } catch {
      if (clock.now() + RETRY < grant.expiresAt) plan(RETRY, () => extend(grant));
      else forget(grant.token);
    }
  };

  /** Prepares a given token for renewal. Without the right to look itself up it is used until it expires. */
  const adopt = async (token: string): Promise<void> => {
    try {
      const grant = await requests.lookUp(token);
      if (grant.renewable) keep(grant);
    } catch (error) {
      if (!isForbidden(error)) plan(RETRY, () => adopt(token));
    }
  };

  const start = async (): Promise<string> => {
    if (auth.method !== 'token') return keep(await requests.logIn(auth));
    void adopt(auth.token);
    held = auth.token;
    return auth.token;
  };

  /** The token to use now. Callers share one login. */
  const getToken = (signal: AbortSignal | undefined): Promise<string> => {
    current ??= start().catch((error) => {
      current = undefined;
      throw error;
    });
    return untilAborted(current, signal);
  };

  /** Makes the next `getToken()` log in again. Returns false for a given token, which has no login. */
  const forget = (token: string): boolean => {
    if (auth.method === 'token') return false;
    if (held === token) {
      cancel();
      current = undefined;
      // Another caller with the same invalid token must not undo the login that replaces it.
      held = undefined;
    }
    return true;
  };

  const isKnown = async (token: string, signal: AbortSignal | undefined): Promise<boolean> => {
    if (token !== held) return false;
    try {
      await request('auth/token/lookup-self', { token, signal });
      return true;
    } catch (error) {
      if (isForbidden(error)) return false;
      throw error;
    }
  };

  /** A 403 is about the policy or the token. A lookup of the token shows which, and an invalid one is replaced once. */
  const send = async (
    path: string,
    options: Omit<VaultRequestOptions, 'token'> = {},
    attempts = 2,
  ): Promise<unknown> => {
    const token = await getToken(options.signal);
    try {
      return await request(path, { ...options, token });
    } catch (error) {
      if (!isForbidden(error) || (await isKnown(token, options.signal))) throw error;
      if (attempts > 1 && forget(token)) return send(path, options, attempts - 1);
      throw identityError(auth, error);
    }
  };

  return {
    /** @param path below `/v1/`. @throws SecretError, VaultRequestError, or the signal's reason */
    request: (path: string, options?: Omit<VaultRequestOptions, 'token'>) => send(path, options),

    /** Calls `listener` after a login that replaced another: the leases of the old token end with it. */
    onLogin(listener: () => void): void {
      loginListeners.add(listener);
    },

    /** Stops renewing, and revokes a token that a login made. */
    async close(): Promise<void> {
      if (closing.signal.aborted) return;
      cancel();
      closing.abort();
      const token = await current?.catch(() => undefined);
      if (token !== undefined && auth.method !== 'token') await requests.revoke(token);
    },
  };
}

const isForbidden = (error: unknown) => error instanceof VaultRequestError && error.status === 403;
