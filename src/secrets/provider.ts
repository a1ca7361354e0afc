/** The contract between the store and a backend: a provider reads named secrets and classifies failures. */

/** Which version of a secret: the current one, the one before it, or one that is written but not proven yet. */
export type Stage = 'current' | 'previous' | 'pending';

/** The right to use credentials that the backend created for this process, for a limited time. */
export interface Lease {
  readonly id: string;
  /** Milliseconds that the lease lasts from its creation or renewal. */
  readonly duration: number;
  readonly renewable: boolean;
}

/** One version of a secret as a backend holds it. */
export interface Secret {
  /** The backend's name, for example `myapp/database`. */
  readonly name: string;
  /** The stored text, usually JSON. Not enumerable: printing a secret does not show it. */
  readonly value: string;
  /** The backend's id of this version. Equal versions have equal values. */
  readonly version: string;
  readonly createdAt?: Date | undefined;
  readonly expiresAt?: Date | undefined;
  /** Present when the credentials were created for this process alone. */
  readonly lease?: Lease | undefined;
}

export interface ReadOptions {
  /** Default `current`. */
  stage?: Stage | undefined;
  /** Goes past an open breaker, for a caller that cannot do without the answer. Providers ignore it. Default false. */
  urgent?: boolean | undefined;
  /** Aborts the attempt. The provider then throws `unavailable` with the signal's reason as its cause. */
  signal?: AbortSignal | undefined;
  /**
   * For backends that may store one secret per field (Azure): prefix `database` and the fields `username`,
   * `password` stand for the secrets `database-username` and `database-password`.
   */
  layout?: { prefix: string; fields: readonly string[] } | undefined;
}

export interface WriteOptions {
  /** The version to replace; null where none may exist. Any other is a `conflict`. Default: no condition. */
  expected?: string | null | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Reads named secrets from one backend through its SDK. Does not cache and does not retry: that is the work of the
 * store. Every failure is a `SecretError`; an error never becomes null.
 */
export interface SecretProvider {
  /** The word in `SECRET_PROVIDER`. */
  readonly name: string;
  /** @throws SecretError */
  read(name: string, options?: ReadOptions): Promise<Secret>;
  /** Checks which version is current, without its value. Missing where the backend cannot. @throws SecretError */
  version?(name: string, options?: Omit<ReadOptions, 'stage'>): Promise<string>;
  /** Makes `value` the current version, and creates the secret if it is missing. @returns the version. @throws SecretError */
  write?(name: string, value: string, options?: WriteOptions): Promise<string>;
  /** Renews a lease. The new one may be shorter. @throws SecretError `not-found` when it has ended */
  renew?(lease: Lease, options?: { signal?: AbortSignal }): Promise<Lease>;
  /** Ends a lease and its credentials at once. @throws SecretError */
  revoke?(lease: Lease, options?: { signal?: AbortSignal }): Promise<void>;
  /** Calls `listener` after a new login. The leases of the login before have ended. */
  onLogin?(listener: () => void): void;
  /** Releases what the provider holds: sockets, the renewal of a login. */
  close?(): Promise<void>;
}

/** Builds an immutable `Secret` whose value printers, serializers and spreads skip. */
export function createSecret(fields: Secret): Secret {
  const { value, ...visible } = fields;
  return Object.freeze(Object.defineProperty(visible as Secret, 'value', { value, enumerable: false }));
}
