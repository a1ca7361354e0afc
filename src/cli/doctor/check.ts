/** A check of the doctor: its context, and the errors with which it does not pass. */
import type { Clock } from '../../clock.ts';
import type { Config } from '../../config.ts';
import { type Problem, SecretError, StartupError } from '../../errors.ts';
import type { Backend } from '../../secrets/backend.ts';
import type { Secret, SecretProvider } from '../../secrets/provider.ts';
import type { Environment } from '../../variables.ts';

export interface Check {
  /** Stable: scripts depend on it. */
  id: string;
  title: (findings: Findings) => string;
  /** Ids of the checks that must have passed before. */
  needs: string[];
  /** Resolves with the result in a few words, without a secret value. @throws CheckFailed, NotChecked, NotApplicable, SecretError, StartupError */
  run: (context: CheckContext) => Promise<string>;
}

export interface CheckContext {
  environment: Environment;
  clock: Clock;
  findings: Findings;
}

/** Results of earlier checks, for later ones. */
export interface Findings {
  /** The backend in `SECRET_PROVIDER`, even where the rest of the configuration is wrong. */
  backend?: Backend;
  config?: Config;
  provider?: SecretProvider;
  /** The backend's clock minus this machine's, in milliseconds. */
  clockDifference?: number;
  /** For each required secret: its version, or the reason why it cannot be read. */
  versions: Map<string, string | SecretError>;
  secrets: Map<string, Secret>;
}

/** A problem, and whether it may pass by itself. */
export interface Complaint extends Problem {
  temporary: boolean;
}

export class CheckFailed extends Error {
  override readonly name = 'CheckFailed';
  readonly complaints: Complaint[];
  constructor(complaints: Complaint[]) {
    super('The check failed.');
    this.complaints = complaints;
  }
}

/** The check cannot run because an earlier one failed. */
export class NotChecked extends Error {
  override readonly name = 'NotChecked';
  /** @param cause the title of the check that failed */
  constructor(cause: string) {
    super(`not checked: ${cause} failed`);
  }
}

/** There is nothing to check, which is not a failure. */
export class NotApplicable extends Error {
  override readonly name = 'NotApplicable';
}

/** @throws NotChecked when the configuration is too incomplete for a provider */
export function providerOf({ config, provider }: Findings): { config: Config; provider: SecretProvider } {
  if (!config || !provider) throw new NotChecked('Configuration');
  return { config, provider };
}

/** The secret that an earlier check read. @throws NotApplicable when it does not exist */
export function secretOf({ secrets }: Findings, id: string): Secret {
  const secret = secrets.get(id);
  if (!secret) throw new NotApplicable('does not exist');
  return secret;
}

/** @param subject for errors that name none. @throws the error itself when it is of another class */
export function complaintsOf(error: unknown, subject: string): Complaint[] {
  if (error instanceof CheckFailed) return error.complaints;
  if (error instanceof StartupError)
    return error.problems.map((problem) => ({ ...problem, temporary: error.exitCode === 75 }));
  if (error instanceof SecretError) {
    const { code, message, remedy, retryable } = error;
    return [{ subject, code, message, remedy, temporary: retryable }];
  }
  throw error;
}
