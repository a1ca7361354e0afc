/** How a client shows that a value of its secret works: for the doctor, for administrators who write it, for the import. */
import type { Problem } from '../errors.ts';

export interface Proof<T> {
  /**
   * The server that the value names, as `host:port`, or `http://host:port` for HTTP without TLS. Undefined where it names none, or the client's own default.
   * Administrators can only name allowed servers: a proof connects, and must not be a way to probe a network.
   */
  serverOf(value: T): string | undefined;
  /** Run in this order; each needs the ones before it. */
  steps: readonly ProofStep<T>[];
}

export interface ProofStep<T> {
  /** The doctor's check is named `<secret>-<id>`, for example `database-login`. */
  id: string;
  title: string;
  /**
   * @returns what was found, in a few words without a value
   * @throws ProofError
   */
  run(value: T, words: ProofWords): Promise<string>;
}

/** What messages may say. */
export interface ProofWords {
  /** How they call the secret: `the secret myapp/database`, or `the value` for one that is not stored yet. */
  secret: string;
  /** Whether they may quote fields that are not credentials, such as a host. */
  quotes: boolean;
}

/** A problem, and whether waiting can fix it. */
export type ProofProblem = Omit<Problem, 'subject'> & { temporary: boolean };

export class ProofError extends Error {
  override readonly name = 'ProofError';
  readonly problems: readonly ProofProblem[];

  constructor(problems: readonly ProofProblem[], cause?: unknown) {
    super(problems.map(({ message }) => message).join('; '), { cause });
    this.problems = problems;
  }

  /** Whether waiting can fix every problem. */
  get temporary(): boolean {
    return this.problems.every(({ temporary }) => temporary);
  }
}
