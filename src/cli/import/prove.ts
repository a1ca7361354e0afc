/** Proves the values of an import, so that a value that does not work never replaces one that does. */
import { ProofError } from '../../clients/proof.ts';
import type { Change } from './stored.ts';

export interface Proven {
  /** Values that were refused. */
  problems: string[];
  /** Values that nothing could prove from here: the server may be reachable for the service only. */
  notes: string[];
}

export async function proveChanges(changes: readonly Change[]): Promise<Proven> {
  const proven: Proven = { problems: [], notes: [] };
  for (const { name, secret, parsed } of changes)
    try {
      for (const step of secret.proof?.steps ?? []) await step.run(parsed, { secret: name, quotes: false });
    } catch (error) {
      if (!(error instanceof ProofError)) throw error;
      const found = error.problems.map(
        ({ message, code, remedy }) => `${name}: ${message} [${code}]. ${remedy}`,
      );
      proven[error.temporary ? 'notes' : 'problems'].push(...found);
    }
  return proven;
}
