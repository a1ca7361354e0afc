/** What a person reads when a command fails, and its exit code: 75 where running it again later can succeed, else 78. */
import { SecretError, StartupError } from '../errors.ts';
import { RotationError } from './rotate/rotation.ts';

export function explain(error: unknown): { text: string; exitCode: 75 | 78 } {
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

/** PostgreSQL's errors have a `code` of five characters, those of OpenAI a `status`, those of the network neither. */
function explainOther(error: unknown): { text: string; exitCode: 75 | 78 } {
  const { message, code, status } = error as { message: string; code?: string; status?: number };
  const isPermanent =
    /^(28|42|3D|22)...$/.test(code ?? '') || (status !== undefined && status < 500 && status !== 429);
  return {
    text: `${message} [${code ?? status ?? 'unavailable'}]\n  ${isPermanent ? 'Mend this' : 'When this has passed'}, and run the same command again: it finishes or undoes what was begun.`,
    exitCode: isPermanent ? 78 : 75,
  };
}
