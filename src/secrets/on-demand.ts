/**
 * Secrets that are read when they are used, beside those that the process needs at startup: feature flags, keys of
 * other services. Kept in memory, served stale while the backend fails, and written through.
 */
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Clock } from '../clock.ts';
import { SecretError } from '../errors.ts';
import { type CachedSecret, type CachedStatus, createCachedSecret, TTL } from './cached-secret.ts';
import type { Loaded } from './last-good.ts';
import { parseSecret } from './parse-secret.ts';
import { createSecret, type SecretProvider, type WriteOptions } from './provider.ts';
import type { RefreshableSecret } from './with-fresh-secret.ts';

export interface GetOptions {
  /** Milliseconds for which a value in memory is fresh. Default 300,000; 0 reads the backend. */
  ttl?: number;
  /** `false` reads the backend, as a TTL of 0 does. The value is kept in either case. Default true. */
  cache?: boolean;
}

/** Names are those of `Config.nameOf`: `external-api-keys` stands for `myapp/external-api-keys`. */
export interface OnDemandSecrets {
  /**
   * Returns the content: JSON if it parses, else the text. Null where the secret is missing or a placeholder (`{}` or
   * empty). While the backend fails, an older value is served: until 30 minutes past the TTL; until 5 minutes after the
   * backend has refused it twice. With a TTL of 0 the failure is thrown instead.
   * @throws SecretError when there is no value to serve, or the name is not valid
   */
  get(name: string, options?: GetOptions): Promise<unknown>;
  /** As `get`, and null for content that is not a JSON object. @throws SecretError */
  getJson(name: string, options?: GetOptions): Promise<Record<string, unknown> | null>;
  /** As `get`, and null for content that is not text: `{"a":1}`, `7` and `true` are JSON. @throws SecretError */
  getString(name: string, options?: GetOptions): Promise<string | null>;
  /**
   * Returns a credential for `withFreshSecret`, which replaces it when a server refuses it. A version of another shape
   * does not replace a good one. It stays in memory for the life of the process.
   */
  credential<T>(name: string, schema: z.ZodType<T>): RefreshableSecret<T>;
  /**
   * Writes text as it is and other values as JSON. Later reads of this process get that version.
   * @returns the version. @throws SecretError; StartupError where no identity for writing is configured
   */
  set(name: string, value: unknown, options?: Pick<WriteOptions, 'expected'>): Promise<string>;
  /** The state of each secret that was read or written, without I/O; never a value. */
  status(): CachedStatus[];
  /** Closes the connection for writing. */
  close(): Promise<void>;
}

export interface OnDemandOptions {
  /** Behind a breaker. */
  provider: SecretProvider;
  /** Opens the same backend with an identity that may write, on first use. */
  openWriter: () => Promise<SecretProvider>;
  nameOf: (name: string) => string;
  /** Called with the backend's name of a secret that was written. */
  written: (name: string) => Promise<void>;
  clock: Clock;
  logger: Logger;
  /** Uniform in [0, 1). Default Math.random. */
  random?: () => number;
  /** Secrets that are kept at most, beside credentials. Default 500. */
  limit?: number;
}

export function createOnDemandSecrets({
  provider,
  openWriter,
  nameOf,
  written,
  clock,
  logger,
  random = Math.random,
  limit = 500,
}: OnDemandOptions): OnDemandSecrets {
  const credentials = new Map<string, CachedSecret>();
  /** In the order of their last use. */
  const recent = new Map<string, CachedSecret>();
  let writer: Promise<SecretProvider> | undefined;

  const getWriter = () => {
    writer ??= openWriter().catch((error) => {
      writer = undefined;
      throw error;
    });
    return writer;
  };

  const create = (name: string, schema?: z.ZodType) =>
    createCachedSecret(name, { provider, getWriter, schema, clock, logger, random });

  const makeRoom = () => {
    for (const [name, secret] of recent) {
      if (recent.size < limit) return;
      if (!secret.isBusy()) recent.delete(name);
    }
  };

  const find = (id: string): CachedSecret => {
    const name = nameOf(id);
    const credential = credentials.get(name);
    if (credential) return credential;
    const secret = recent.get(name) ?? create(name);
    recent.delete(name);
    makeRoom();
    recent.set(name, secret);
    return secret;
  };

  const get = async (name: string, { ttl = TTL, cache = true }: GetOptions = {}): Promise<unknown> => {
    try {
      return contentOf((await find(name).read(cache ? ttl : 0)).value);
    } catch (error) {
      if (error instanceof SecretError && error.code === 'not-found') return null;
      throw error;
    }
  };

  return {
    get,

    async getJson(name, options) {
      const value = await get(name, options);
      return isObject(value) ? value : null;
    },

    async getString(name, options) {
      const value = await get(name, options);
      return typeof value === 'string' ? value : null;
    },

    credential<T>(id: string, schema: z.ZodType<T>) {
      const name = nameOf(id);
      const secret = credentials.get(name) ?? create(name, schema);
      credentials.set(name, secret);
      recent.delete(name);
      const typed = (loaded: Loaded<string>): Loaded<T> => {
        const { version, value } = loaded;
        return {
          ...loaded,
          value: parseSecret(schema, createSecret({ name, version, value })),
          previous: undefined,
        };
      };
      return {
        current: async () => typed(await secret.read(TTL)),
        async refreshIfStale(seenVersion) {
          const { loaded, confirmed } = await secret.refreshIfStale(seenVersion);
          return { loaded: typed(loaded), confirmed };
        },
      };
    },

    async set(name, value, options = {}) {
      const secret = find(name);
      const version = await secret.write(toText(value), options);
      await written(secret.name);
      return version;
    },

    status: () => [...credentials.values(), ...recent.values()].flatMap((secret) => secret.status() ?? []),

    async close() {
      await (await writer)?.close?.();
    },
  };
}

function contentOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function toText(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (text === undefined) throw new TypeError('A secret is text or a value that JSON can express.');
  return text;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
