/**
 * Secrets that are read when somebody asks, beside those that the process cannot start without: feature flags, keys of
 * other services. Kept in memory for a while, and written through.
 */
import type { Clock } from '../clock.ts';
import { type CachedSecret, type CachedStatus, createCachedSecret } from './cached-secret.ts';
import type { SecretProvider, WriteOptions } from './provider.ts';

export interface GetOptions {
  /** Milliseconds for which a value from before is good enough. Default 300,000; 0 asks the backend. */
  ttl?: number;
  /** `false` asks the backend, too. What it says is kept in either case. Default true. */
  cache?: boolean;
}

/** Names are those of `Config.nameOf`: `external-api-keys` stands for `myapp/external-api-keys`. */
export interface OnDemandSecrets {
  /**
   * What the secret holds: JSON if it parses, else the text. Null where there is none, or only a placeholder (`{}` or
   * nothing). @throws SecretError when the backend does not say, or the name cannot be one
   */
  get(name: string, options?: GetOptions): Promise<unknown>;
  /** As `get`, and null for what is no JSON object. @throws SecretError */
  getJson(name: string, options?: GetOptions): Promise<Record<string, unknown> | null>;
  /** As `get`, and null for what is no text: `{"a":1}`, `7` and `true` are JSON. @throws SecretError */
  getString(name: string, options?: GetOptions): Promise<string | null>;
  /**
   * Writes a text as it is and everything else as JSON. From then on every reader of this process gets that version.
   * @returns the version. @throws SecretError, StartupError where nothing says who writes
   */
  set(name: string, value: unknown, options?: Pick<WriteOptions, 'expected'>): Promise<string>;
  /** What is known without asking of the secrets that were read or written; never a value. */
  status(): CachedStatus[];
  /** Ends what was opened for writing. */
  close(): Promise<void>;
}

export interface OnDemandOptions {
  /** Behind a breaker. */
  provider: SecretProvider;
  /** The same backend as an identity that may write: opened when first needed. */
  openWriter: () => Promise<SecretProvider>;
  nameOf: (name: string) => string;
  /** Told the backend's name of a secret that was written. */
  written: (name: string) => Promise<void>;
  clock: Clock;
  /** Secrets that are kept at most. Default 500. */
  limit?: number;
}

const TTL = 300_000;

export function createOnDemandSecrets({
  provider,
  openWriter,
  nameOf,
  written,
  clock,
  limit = 500,
}: OnDemandOptions): OnDemandSecrets {
  /** In the order of their last use. */
  const kept = new Map<string, CachedSecret>();
  let writer: Promise<SecretProvider> | undefined;

  const getWriter = () => {
    writer ??= openWriter().catch((error) => {
      writer = undefined;
      throw error;
    });
    return writer;
  };

  const makeRoom = () => {
    for (const [name, secret] of kept) {
      if (kept.size < limit) return;
      if (!secret.isBusy()) kept.delete(name);
    }
  };

  const find = (id: string): CachedSecret => {
    const name = nameOf(id);
    const secret = kept.get(name) ?? createCachedSecret(name, { provider, getWriter, clock });
    kept.delete(name);
    makeRoom();
    kept.set(name, secret);
    return secret;
  };

  const get = async (name: string, { ttl = TTL, cache = true }: GetOptions = {}): Promise<unknown> => {
    const text = await find(name).read(cache ? ttl : 0);
    return text === undefined ? null : parse(text);
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

    async set(name, value, options = {}) {
      const secret = find(name);
      const version = await secret.write(toText(value), options);
      await written(secret.name);
      return version;
    },

    status: () => [...kept.values()].flatMap((secret) => secret.status() ?? []),

    async close() {
      await (await writer)?.close?.();
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function toText(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (text === undefined) throw new TypeError('A secret is a text or what JSON can say.');
  return text;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
