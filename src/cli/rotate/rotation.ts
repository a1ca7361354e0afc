/** Options of every rotation, and how one is stopped between two steps. */
import type { Clock } from '../../clock.ts';
import type { SecretProvider } from '../../secrets/provider.ts';
import type { SecretId } from '../../secrets/schemas.ts';
import { RotationError } from '../rotation-error.ts';

export interface RotationOptions {
  /** With an identity that may write. */
  provider: SecretProvider;
  names: Record<SecretId, string>;
  clock: Clock;
  /** Called before each step. A rotation can be stopped between two steps. The text never contains a value. */
  report: (step: string) => void | Promise<void>;
  /** Stops the rotation at the next safe point: undone where nothing was written, else left for the next run. */
  signal: AbortSignal;
  /** Milliseconds within which every process checks a secret again. */
  ttl: number;
  /** Milliseconds to wait for processes to leave the old credentials, or for another rotation to end. */
  timeout: number;
  /** Wait while another rotation runs, instead of refusing. */
  wait: boolean;
}

/** TTLs until every process has read a secret again: one, and half of one for a read that fails. */
export const SETTLING = 1.5;

/** Announces the next step. @throws the reason of the signal, when the rotation should stop */
export async function step({ report, signal }: Pick<RotationOptions, 'report' | 'signal'>, text: string) {
  signal.throwIfAborted();
  await report(text);
}

/** Reason of the aborted signal. */
export const stopped = () =>
  new RotationError('Stopped.', { remedy: 'Run the same command again.', temporary: true });
