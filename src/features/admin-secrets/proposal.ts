/** A value that an administrator proposes for a secret: its shape, the servers it names, and the proof that it works. */
import { ProofError } from '../../clients/proof.ts';
import type { DeclaredSecret } from '../../declared-secrets.ts';
import { HttpProblem } from '../../http/problem.ts';
import { isPlaceholder, parseSecret } from '../../secrets/parse-secret.ts';
import { createSecret } from '../../secrets/provider.ts';
import type { AssertAllowed } from './allowed-hosts.ts';

/**
 * Checks the shape. A secret that nothing declares can hold any text.
 * @throws SecretError `invalid` or HttpProblem 400, which name a field and no value
 */
export function assertUsable(
  secret: DeclaredSecret | undefined,
  name: string,
  text: string,
  assertAllowed: AssertAllowed,
): void {
  if (isPlaceholder(text)) throw new HttpProblem(400, 'The value is empty.');
  if (secret) assertAllowed(secret, parse(secret, name, text));
}

/**
 * Passes for a secret without a proof.
 * @throws HttpProblem 400 when the value does not work, 503 when the server that would tell does not answer
 */
export async function prove(secret: DeclaredSecret | undefined, name: string, text: string): Promise<void> {
  if (!secret?.proof) return;
  const value = parse(secret, name, text);
  try {
    for (const step of secret.proof.steps) await step.run(value, { secret: 'the value', quotes: false });
  } catch (error) {
    throw error instanceof ProofError ? toProblem(error) : error;
  }
}

const parse = ({ schema }: DeclaredSecret, name: string, value: string) =>
  parseSecret(schema, createSecret({ name, value, version: 'proposed' }));

function toProblem(cause: ProofError): HttpProblem {
  const found = cause.problems.map(({ message, code, remedy }) => `${message} [${code}]. ${remedy}`);
  const detail = [...found, 'Nothing was written.'].join(' ');
  return new HttpProblem(cause.temporary ? 503 : 400, detail, { cause });
}
