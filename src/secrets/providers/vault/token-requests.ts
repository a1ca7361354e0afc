/** Requests to Vault about a token. https://developer.hashicorp.com/vault/api-docs/auth/token */
import { z } from 'zod';
import type { Clock } from '../../../clock.ts';
import { NOT_UNDERSTOOD } from '../network/no-answer.ts';
import { type VaultRequest, VaultRequestError } from './client.ts';
import { identityError, loginRequest, type VaultLogin } from './login.ts';

export interface Grant {
  token: string;
  /** Seconds, before a maximum TTL shortens them. 0 means for ever. */
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

/** Milliseconds for one token request. No caller's signal ends it, because several may wait for it. */
const TIMEOUT = 10_000;

const REFUSED: ReadonlySet<number | undefined> = new Set([400, 401, 403, 404]);

/** @param closing ends every request but the revocation */
export function createTokenRequests(request: VaultRequest, clock: Clock, closing: AbortSignal) {
  const exchange = async <T>(
    schema: z.ZodType<T>,
    path: string,
    options: { token?: string; body?: object },
  ) => {
    const late = new AbortController();
    const cancel = clock.schedule(TIMEOUT, () => late.abort(new Error(`No answer within ${TIMEOUT} ms`)));
    try {
      const signal = AbortSignal.any([closing, late.signal]);
      const { data, success } = schema.safeParse(await request(path, { ...options, signal }));
      // Drops the parser's error, which can quote the answer.
      if (!success)
        throw new VaultRequestError(`${path} gave an answer that is not Vault's`, { code: NOT_UNDERSTOOD });
      return data;
    } finally {
      cancel();
    }
  };

  const endOf = (ttl: number) => clock.now() + ttl * 1000;

  return {
    /** @throws SecretError when Vault does not accept the login */
    async logIn(login: VaultLogin): Promise<Grant> {
      const { path, body } = await loginRequest(login);
      try {
        const { auth } = await exchange(granted, path, { body });
        const { client_token: token, lease_duration: ttl, renewable } = auth;
        return { token, ttl, expiresAt: endOf(ttl), renewable };
      } catch (cause) {
        if (cause instanceof VaultRequestError && REFUSED.has(cause.status))
          throw identityError(login, cause);
        throw cause;
      }
    },

    /** The renewed grant; shorter than before when the max TTL is near. */
    async renew(token: string): Promise<Grant> {
      const { auth } = await exchange(granted, 'auth/token/renew-self', { token, body: {} });
      const { lease_duration: ttl, renewable } = auth;
      return { token, ttl, expiresAt: endOf(ttl), renewable };
    },

    async lookUp(token: string): Promise<Grant> {
      const { data } = await exchange(lookedUp, 'auth/token/lookup-self', { token });
      return { token, ttl: data.creation_ttl, expiresAt: endOf(data.ttl), renewable: data.renewable };
    },

    /** Takes at most a second. A failure is ignored. */
    async revoke(token: string): Promise<void> {
      const signal = AbortSignal.timeout(1000);
      await request('auth/token/revoke-self', { token, body: {}, signal }).catch(() => {});
    },
  };
}
