/**
 * The errors of the secrets layer. Each says what happened (`code`), whether trying again can help
 * (`retryable`), what a person should do (`remedy`) and where it came from (`cause`).
 */

export type SecretErrorCode =
  /** The backend has no such secret, version or stage. */
  | 'not-found'
  /** The backend knows who asks and refuses. */
  | 'denied'
  /** The backend does not accept who asks: no credentials, expired or rejected ones. */
  | 'identity'
  /** The secret exists but is switched off: disabled, deleted and recoverable, or past its life. */
  | 'disabled'
  /** Another writer has changed the secret meanwhile. */
  | 'conflict'
  /** Too many requests. */
  | 'throttled'
  /** No usable answer: network, time-out, 5xx, sealed. */
  | 'unavailable'
  /** The value is there and cannot be used: not JSON, wrong shape, weak key. */
  | 'invalid';

const RETRYABLE: ReadonlySet<SecretErrorCode> = new Set(['throttled', 'unavailable']);

export interface SecretErrorOptions {
  /** One or two sentences: what to check, grant or fix. Names things exactly, never a value. */
  remedy: string;
  cause?: unknown;
  /** How long the backend asked callers to stay away, in milliseconds. */
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

/** What a provider should never throw is treated as an answer that cannot be used, so that it ends no process. */
export const asSecretError = (error: unknown): SecretError =>
  error instanceof SecretError
    ? error
    : new SecretError('unavailable', 'The provider failed in an unexpected way', {
        remedy: 'This is a mistake in the provider: its failures should be SecretErrors. See the cause.',
        cause: error,
      });

/** A problem and its remedy, as a report shows them. */
export interface Problem {
  /** What it concerns: an environment variable, a secret, a server. */
  subject: string;
  code: string;
  message: string;
  remedy: string;
}

/** With the word that the network or the SDK has for it, which is all of a cause that is safe to show. */
export function problemOf(subject: string, { code, message, remedy, cause }: SecretError): Problem {
  const { code: word, status } = (cause ?? {}) as { code?: unknown; status?: unknown };
  const reason = typeof word === 'string' ? word : status === undefined ? undefined : `status ${status}`;
  return { subject, code, message: reason === undefined ? message : `${message}: ${reason}`, remedy };
}

/**
 * The process cannot start. Carries every problem found, so that one run shows everything to fix.
 * Exit codes are those of sysexits.h: 78 (EX_CONFIG) when a person must act, 75 (EX_TEMPFAIL) when
 * starting again later can succeed.
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

  /** The text a person reads on the terminal. Neighbours with the same remedy share it. */
  report(): string {
    const lines = this.problems.flatMap(({ subject, code, message, remedy }, index) => {
      const problem = `  ${subject}: ${message} [${code}]`;
      return this.problems[index + 1]?.remedy === remedy ? [problem] : [problem, `    ${remedy}`];
    });
    return [this.message, ...lines].join('\n');
  }
}
