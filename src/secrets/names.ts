/** The backend's name of a secret, and the variable that overrides it. */
import { SecretError } from '../errors.ts';
import type { Backend } from './backend.ts';

export interface NamingOptions {
  backend: Pick<Backend, 'nameOf'>;
  /** `SECRET_PREFIX`, for example `myapp` or `prod/myapp`. */
  prefix: string;
  /** A name that replaces the computed one as it is, for example from `DATABASE_SECRET_NAME`. */
  override?: string | undefined;
}

/** The environment variable that overrides a secret's name: `DATABASE_SECRET_NAME` for `database`. */
export const overrideVariable = (id: string): string =>
  `${id.replaceAll('-', '_').toUpperCase()}_SECRET_NAME`;

/** Words joined by slashes, which cannot lead out of the prefix. */
export const isSecretName = (id: string): boolean => /^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*$/.test(id);

/**
 * The backend's name of a secret, for example `myapp/database` or `myapp-database`.
 * @throws SecretError `invalid` for an id that is not words joined by slashes
 */
export function secretName(id: string, { backend, prefix, override }: NamingOptions): string {
  if (override) return override;
  if (!isSecretName(id))
    throw new SecretError('invalid', 'A secret cannot have this name', {
      remedy: 'Use letters, digits, hyphens and underscores; slashes between words.',
    });
  return backend.nameOf(prefix, id);
}
