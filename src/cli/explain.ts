/** The text and the exit code of a failed command: 75 where running it again later can succeed, else 78. */
import { isTemporary } from '../clients/database/errors.ts';
import { SecretError, StartupError } from '../errors.ts';
import { RotationError } from './rotation-error.ts';

interface Explanation {
  text: string;
  exitCode: 75 | 78;
}

export function explain(error: unknown): Explanation {
  if (error instanceof StartupError) return { text: error.report(), exitCode: error.exitCode };
  if (error instanceof SecretError)
    return {
      text: `${error.message} [${error.code}]\n  ${error.remedy}`,
      exitCode: error.retryable ? 75 : 78,
    };
  if (error instanceof RotationError)
    return { text: `${error.message}\n  ${error.remedy}`, exitCode: error.temporary ? 75 : 78 };
  return explainOther(error);
}

/** Errors of PostgreSQL and of the network have a `code`, those of OpenAI a `status` unless there was no answer. */
function explainOther(error: unknown): Explanation {
  const { message, code, status } = error as { message: string; code?: string; status?: number };
  const canPass =
    isTemporary(error) ||
    (error instanceof Error &&
      'status' in error &&
      (status === undefined || status === 429 || status >= 500));
  return {
    text: `${message} [${code ?? status ?? 'unavailable'}]\n  ${canPass ? 'Wait until this has passed' : 'Fix this'}, then run the same command again. It finishes or undoes the interrupted run.`,
    exitCode: canPass ? 75 : 78,
  };
}
