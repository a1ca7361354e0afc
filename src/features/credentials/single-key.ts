/** Reads a configuration whose fields each name a separate secret. */
import type { Component } from './components.ts';
import { concurrently } from './concurrently.ts';
import type { Configuration } from './configuration.ts';
import { CredentialError } from './credential-error.ts';
import type { SecretData } from './secret-values.ts';
import { isPasswordLike } from './validation.ts';

/** Concurrent reads for one configuration. */
const CONCURRENCY = 4;

/**
 * Returns the values by the names of their secrets. Every password-like field names a secret, and so does each string
 * that begins with the component's prefix.
 * @throws CredentialError that names each failed field
 */
export async function readEachField(
  config: Configuration,
  { prefix }: Component,
  read: (name: string) => Promise<SecretData>,
): Promise<SecretData> {
  const fields = [...Object.entries(config), ...Object.entries(config.extra ?? {})];
  const references = fields.flatMap(([field, name]) =>
    typeof name === 'string' && (isPasswordLike(field) || name.startsWith(prefix)) ? [{ field, name }] : [],
  );
  const failures: { field: string; error: CredentialError }[] = [];
  const values = await concurrently(references, CONCURRENCY, async ({ field, name }) => {
    try {
      return [name, valueFor(field, await read(name))] as const;
    } catch (error) {
      if (!(error instanceof CredentialError)) throw error;
      failures.push({ field, error });
      return [name, undefined] as const;
    }
  });
  const [first] = failures;
  if (!first) return Object.fromEntries(values);
  const messages = failures.map(({ field, error }) => `${field}: ${error.message}`);
  throw new CredentialError(first.error.code, messages.join(' '), { cause: first.error });
}

/** The only value of a secret, or the value whose key equals the field's name. */
function valueFor(field: string, secretData: SecretData): unknown {
  const [only, ...others] = Object.values(secretData);
  if (others.length === 0) return only;
  if (Object.hasOwn(secretData, field)) return secretData[field];
  throw new CredentialError(
    'refused',
    'The secret holds several values, and none has the name of the field.',
  );
}
