/** The contract between the store and a backend: a provider reads named secrets and maps failures. */

/** Which version of a secret: the one in force, the one before it, or one written but not yet proven. */
export type Stage = 'current' | 'previous' | 'pending';

/** The right to use credentials that the backend made for this process, for a time. */
export interface Lease {
  readonly id: string;
  /** Milliseconds that the lease lasts from when it was given or renewed. */
  readonly duration: number;
  readonly renewable: boolean;
}

/** One version of a secret as a backend holds it. */
export interface Secret {
  /** The backend's name, for example `myapp/database`. */
  readonly name: string;
  /** The text the backend stores, usually JSON. Not enumerable: printing a secret does not show it. */
  readonly value: string;
  /** The backend's own identity of this version. Equal versions have equal values. */
  readonly version: string;
  readonly createdAt?: Date | undefined;
  readonly expiresAt?: Date | undefined;
  /** Present when the credentials were made for this process alone. */
  readonly lease?: Lease | undefined;
}

export interface ReadOptions {
  /** Default `current`. */
  stage?: Stage | undefined;
  /**
   * For a caller that cannot do without the answer: goes past an open breaker. Default false. Of no meaning to a
   * provider itself.
   */
  urgent?: boolean | undefined;
  /** Ends the attempt; the provider then throws `unavailable` with the signal's reason as cause. */
  signal?: AbortSignal | undefined;
  /**
   * For backends that may store one secret per field (Azure): prefix `database` and the fields `username`,
   * `password` stand for the secrets `database-username` and `database-password`.
   */
  layout?: { prefix: string; fields: readonly string[] } | undefined;
}

export interface WriteOptions {
  /** The version that must be in force, null for none: any other is a `conflict`. Default: whichever there is. */
  expected?: string | null | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Reads named secrets from one backend through its SDK. Keeps no cache and does not retry: the store
 * knows time, a provider does not. Every failure is a `SecretError`; an error never becomes null.
 */
export interface SecretProvider {
  /** The word in `SECRET_PROVIDER`. */
  readonly name: string;
  /** @throws SecretError */
  read(name: string, options?: ReadOptions): Promise<Secret>;
  /** The version in force without its value, where the backend can tell. @throws SecretError */
  version?(name: string, options?: Omit<ReadOptions, 'stage'>): Promise<string>;
  /** Makes `value` the current version, creates the secret if need be, and returns the version. @throws SecretError */
  write?(name: string, value: string, options?: WriteOptions): Promise<string>;
  /** Prolongs a lease. The answer may be shorter than before. @throws SecretError `not-found` when it has ended */
  renew?(lease: Lease, options?: { signal?: AbortSignal }): Promise<Lease>;
  /** Ends a lease and its credentials now. @throws SecretError */
  revoke?(lease: Lease, options?: { signal?: AbortSignal }): Promise<void>;
  /** Calls `listener` after a new login: leases of the one before end with it. */
  onLogin?(listener: () => void): void;
  /** Ends what the provider holds: sockets, renewal of a login. */
  close?(): Promise<void>;
}

/** Builds an immutable `Secret` whose value no printer, serializer or spread finds by accident. */
export function createSecret(fields: Secret): Secret {
  const { value, ...visible } = fields;
  return Object.freeze(Object.defineProperty(visible as Secret, 'value', { value, enumerable: false }));
}
