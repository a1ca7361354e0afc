/** Whether a resolved configuration is one to log in with. Pure. */
import { CredentialError } from './credential-error.ts';
import type { SecretData } from './secret-values.ts';

/** Fields that hold a credential by their name: `password`, `ssl_password`, `secret-access-key`, `api-token`. */
const PASSWORD_LIKE =
  /(^|[-_.])(password|passphrase|passwd|secret|token|api[-_]?key|access[-_]key|private[-_]key)$/i;

export const isPasswordLike = (field: string): boolean => PASSWORD_LIKE.test(field);

/**
 * Refuses password-like fields that are what they were before: they name nothing in the secret, or are a value that
 * should not have been written down.
 * @throws CredentialError
 */
export function requireResolved(config: SecretData, resolved: SecretData): void {
  const left = [...unresolved(config, resolved), ...unresolved(config.extra, resolved.extra, 'extra.')];
  if (left.length > 0)
    throw new CredentialError(
      'invalid',
      `Still references: [${left.join(', ')}]. The secret has no such key; a value itself is never taken.`,
    );
}

/** @throws CredentialError that lists what is absent */
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
