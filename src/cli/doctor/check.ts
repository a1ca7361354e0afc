/** What a check of the doctor is, what it is given, and the ways in which it does not pass. */
import type { Clock } from '../../clock.ts';
import type { Config } from '../../config.ts';
import { type Problem, SecretError, StartupError } from '../../errors.ts';
import type { Backend } from '../../secrets/backend.ts';
import type { Secret, SecretProvider } from '../../secrets/provider.ts';
import type { Environment } from '../../variables.ts';

export interface Check {
  /** Scripts know it by this name: it stays. */
  id: string;
  title: (findings: Findings) => string;
  /** Checks that must have passed for this one to make sense. */
  needs: string[];
  /** Resolves with what was found, in a few words without a value. @throws CheckFailed, NotChecked, NotApplicable, SecretError, StartupError */
  run: (context: CheckContext) => Promise<string>;
}

export interface CheckContext {
  environment: Environment;
  clock: Clock;
  findings: Findings;
}

/** What earlier checks have found out, for later ones. */
export interface Findings {
  /** The backend in `SECRET_PROVIDER`, even where the rest of the configuration is wrong. */
  chosen?: Backend;
  config?: Config;
  backend?: SecretProvider;
  /** The backend's clock minus this machine's, in milliseconds. */
  clockDifference?: number;
  /** For each required secret: its version, or the reason why it cannot be read. */
  looks: Map<string, string | SecretError>;
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

/** An earlier failure has taken away what it would look at. */
export class NotChecked extends Error {
  override readonly name = 'NotChecked';
  /** @param cause the title of the check that failed */
  constructor(cause: string) {
    super(`not checked: ${cause} failed`);
  }
}

/** There is nothing to look at, and nothing wrong with that. */
export class NotApplicable extends Error {
  override readonly name = 'NotApplicable';
}

/** @throws NotChecked where the configuration leaves no backend to ask */
export function backendOf({ config, backend }: Findings): { config: Config; backend: SecretProvider } {
  if (!config || !backend) throw new NotChecked('Configuration');
  return { config, backend };
}

/** What an earlier check has read. @throws NotApplicable where there was nothing to read */
export function secretOf({ secrets }: Findings, id: string): Secret {
  const secret = secrets.get(id);
  if (!secret) throw new NotApplicable('does not exist');
  return secret;
}

/** @param subject what it concerns, where the error does not say. @throws an error that is none of the known ones */
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
