/** Options and outcome of every rotation, and how one is stopped between two steps. */
import type { Clock } from '../../clock.ts';
import type { SecretProvider } from '../../secrets/provider.ts';
import type { SecretId } from '../../secrets/schemas.ts';
import { RotationError } from '../rotation-error.ts';

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

/** Stands between two steps: ends here when somebody wants the rotation to stop. */
export async function step({ report, signal }: Pick<RotationOptions, 'report' | 'signal'>, text: string) {
  signal.throwIfAborted();
  await report(text);
}

/** What an aborted signal carries as its reason. */
export const stopped = () =>
  new RotationError('Stopped.', { remedy: 'Run the same command again.', temporary: true });
