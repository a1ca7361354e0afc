/** What every rotation is given, what it gives back, and the error with which it refuses or stops. */
import type { Clock } from '../../clock.ts';
import type { SecretProvider } from '../../secrets/provider.ts';
import type { SecretId } from '../../secrets/schemas.ts';

export interface RotationOptions {
  /** With the identity of somebody who may write. */
  provider: SecretProvider;
  names: Record<SecretId, string>;
  clock: Clock;
  /** Told of each step before it is taken. Between two steps a rotation may be stopped. Never holds a value. */
  report: (step: string) => void | Promise<void>;
  /** Stops the rotation at the next safe point: undone where nothing was written, else left for the next run. */
  signal: AbortSignal;
  /** Milliseconds after which every process has looked at a secret again. */
  ttl: number;
  /** Milliseconds to wait for processes to leave the old credentials, or for another rotation to end. */
  timeout: number;
  /** Wait while another rotation runs, instead of refusing. */
  wait: boolean;
}

/** `finished`: an earlier run had been interrupted; this one did what was left, and rotated nothing. */
export type Outcome = 'rotated' | 'finished';

export class RotationError extends Error {
  override readonly name = 'RotationError';
  /** One or two sentences: what to do now. */
  readonly remedy: string;
  /** Running the same command again later can succeed. */
  readonly temporary: boolean;

  constructor(message: string, options: { remedy: string; temporary: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.remedy = options.remedy;
    this.temporary = options.temporary;
  }
}

/** Stands between two steps: ends here when somebody wants the rotation to stop. */
export async function step({ report, signal }: Pick<RotationOptions, 'report' | 'signal'>, text: string) {
  signal.throwIfAborted();
  await report(text);
}

/** What an aborted signal carries as its reason. */
export const stopped = () =>
  new RotationError('Stopped.', { remedy: 'Run the same command again.', temporary: true });
