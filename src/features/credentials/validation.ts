/** Checks whether a resolved configuration is complete. Pure. */
import { CredentialError } from './credential-error.ts';
import type { SecretData } from './secret-values.ts';

/** Names of fields that hold a credential: `password`, `ssl_password`, `secret-access-key`, `api-token`. */
const PASSWORD_LIKE =
  /(^|[-_.])(password|passphrase|passwd|secret|token|api[-_]?key|access[-_]key|private[-_]key)$/i;

export const isPasswordLike = (field: string): boolean => PASSWORD_LIKE.test(field);

/**
 * Refuses password-like fields that resolving did not change: the secret has no such key, or the field is a value.
 * @throws CredentialError
 */
export function requireResolved(config: SecretData, resolved: SecretData): void {
  const left = [...unresolved(config, resolved), ...unresolved(config.extra, resolved.extra, 'extra.')];
  if (left.length > 0)
    throw new CredentialError(
      'invalid',
      `Still references: [${left.join(', ')}]. The secret has no such key. A value is not accepted here: put it into the secret and send its key.`,
    );
}

/** @throws CredentialError that lists the missing fields */
export function requireFields(resolved: SecretData, fields: readonly string[]): void {
  const missing = fields.filter((field) => !Object.hasOwn(resolved, field));
  if (missing.length > 0) throw new CredentialError('invalid', `Missing fields: [${missing.join(', ')}]`);
}

const unresolved = (before: unknown, after: unknown, path = ''): string[] =>
  Object.entries((before ?? {}) as object)
    .filter(([field, value]) => isPasswordLike(field) && own(after, field) === value)
    .map(([field]) => `${path}${field}`);

const own = (fields: unknown, field: string): unknown =>
  typeof fields === 'object' && fields !== null && Object.hasOwn(fields, field)
    ? (fields as Record<string, unknown>)[field]
    : undefined;
