/**
 * The errors of the secrets layer. Each has the class of the failure (`code`), whether a retry can succeed
 * (`retryable`), what a person should do (`remedy`) and the original error (`cause`).
 */

export type SecretErrorCode =
  /** The backend has no such secret, version or stage. */
  | 'not-found'
  /** The backend accepts the identity and denies the action. */
  | 'denied'
  /** The backend does not accept the identity: credentials are missing, expired or rejected. */
  | 'identity'
  /** The secret exists but is disabled, deleted and recoverable, or expired. */
  | 'disabled'
  /** Another writer changed the secret in the meantime. */
  | 'conflict'
  /** Too many requests. */
  | 'throttled'
  /** No usable answer: network, timeout, 5xx, sealed. */
  | 'unavailable'
  /** The value exists but is not usable: not JSON, wrong shape, weak key. */
  | 'invalid';

const RETRYABLE: ReadonlySet<SecretErrorCode> = new Set(['throttled', 'unavailable']);

export interface SecretErrorOptions {
  /** One or two sentences: what to check, grant or fix. Uses exact names, never a value. */
  remedy: string;
  cause?: unknown;
  /** Milliseconds after which the backend accepts a retry (`Retry-After`). */
  retryAfter?: number | undefined;
}

export class SecretError extends Error {
  override readonly name = 'SecretError';
  readonly code: SecretErrorCode;
  readonly retryable: boolean;
  readonly remedy: string;
  readonly retryAfter: number | undefined;

  constructor(code: SecretErrorCode, message: string, options: SecretErrorOptions) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retryable = RETRYABLE.has(code);
    this.remedy = options.remedy;
    this.retryAfter = options.retryAfter;
  }
}

/** Wraps an unexpected error of a provider as `unavailable`, so that it does not end the process. */
export const asSecretError = (error: unknown): SecretError =>
  error instanceof SecretError
    ? error
    : new SecretError('unavailable', 'The provider failed in an unexpected way', {
        remedy: 'This is a mistake in the provider: its failures should be SecretErrors. See the cause.',
        cause: error,
      });

/** A problem and its remedy in a report. */
export interface Problem {
  /** An environment variable, a secret or a server. */
  subject: string;
  code: string;
  message: string;
  remedy: string;
}

/** Adds the code of the network or the SDK. Nothing else of a cause is safe to show. */
export function problemOf(subject: string, { code, message, remedy, cause }: SecretError): Problem {
  const { code: word, status } = (cause ?? {}) as { code?: unknown; status?: unknown };
  const reason = typeof word === 'string' ? word : status === undefined ? undefined : `status ${status}`;
  return { subject, code, message: reason === undefined ? message : `${message}: ${reason}`, remedy };
}

/**
 * The process cannot start. Carries every problem found, so that one run shows everything to fix.
 * Exit codes are those of sysexits.h: 78 (EX_CONFIG) when a person must act, 75 (EX_TEMPFAIL) when
 * a later start can succeed.
 */
export class StartupError extends Error {
  override readonly name = 'StartupError';
  readonly problems: readonly Problem[];
  readonly exitCode: 75 | 78;

  constructor(
    message: string,
    problems: readonly Problem[],
    options: { temporary: boolean; cause?: unknown },
  ) {
    super(message, { cause: options.cause });
    this.problems = problems;
    this.exitCode = options.temporary ? 75 : 78;
  }

  /** The text for the terminal. Consecutive problems with the same remedy share it. */
  report(): string {
    const lines = this.problems.flatMap(({ subject, code, message, remedy }, index) => {
      const problem = `  ${subject}: ${message} [${code}]`;
      return this.problems[index + 1]?.remedy === remedy ? [problem] : [problem, `    ${remedy}`];
    });
    return [this.message, ...lines].join('\n');
  }
}
