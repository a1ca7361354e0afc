/** Every secret of the service: those of `SECRETS` and those that features declare, each with the proof of its consumer. */
import { PROOFS } from './clients/index.ts';
import type { Proof } from './clients/proof.ts';
import { SECRETS, type SecretEntry } from './secrets/schemas.ts';

/** A secret of a feature's own. One that is needed at startup is loaded and kept up to date as those of the core are. */
export interface FeatureSecret<T extends object = object> extends SecretEntry<T> {
  use: 'startup' | 'on-demand';
  /** Default: a value is checked by its shape only. */
  proof?: Proof<T>;
}

export interface DeclaredSecret extends SecretEntry {
  id: string;
  proof?: Proof<object> | undefined;
}

/** @throws Error when two parts of the service declare the same secret */
export function declaredSecrets(
  features: readonly { secrets?: Readonly<Record<string, FeatureSecret>> }[],
): DeclaredSecret[] {
  const proofs: Partial<Record<string, Proof<object>>> = PROOFS;
  const core = Object.entries<SecretEntry>(SECRETS).map(([id, entry]) => ({
    ...entry,
    id,
    proof: proofs[id],
  }));
  const own = features.flatMap(({ secrets = {} }) =>
    Object.entries(secrets).map(([id, entry]) => ({ ...entry, id })),
  );
  const declared = [...core, ...own];
  const twice = declared.find(({ id }, index) => declared.findIndex((other) => other.id === id) < index);
  if (twice) throw new Error(`The secret ${twice.id} is declared twice.`);
  return declared;
}
