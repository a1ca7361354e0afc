/** The one place that knows what a secret is called in a backend. */
import { SecretError } from '../errors.ts';

export interface NamingOptions {
  /** The word in `SECRET_PROVIDER`. */
  provider: string;
  /** `SECRET_PREFIX`, for example `myapp` or `prod/myapp`. */
  prefix: string;
  /** The name given by hand, for example by `DATABASE_SECRET_NAME`: taken as it is. */
  override?: string | undefined;
}

/** The environment variable that overrides a secret's name: `DATABASE_SECRET_NAME` for `database`. */
export const overrideVariable = (id: string): string =>
  `${id.replaceAll('-', '_').toUpperCase()}_SECRET_NAME`;

/** Words joined by slashes: what cannot lead out of the prefix. */
export const isSecretName = (id: string): boolean => /^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*$/.test(id);

/**
 * The backend's name of a secret: `myapp/database` for AWS and Vault; `myapp-database` for Azure, whose
 * names know no slash; `database` for files, whose directory is the prefix.
 * @throws SecretError `invalid` for an id that is not words joined by slashes
 */
export function secretName(id: string, { provider, prefix, override }: NamingOptions): string {
  if (override) return override;
  if (!isSecretName(id))
    throw new SecretError('invalid', 'A secret cannot have this name', {
      remedy: 'Use letters, digits, hyphens and underscores; slashes between words.',
    });
  if (provider === 'file') return id;
  const name = `${prefix}/${id}`;
  return provider === 'azure' ? name.replaceAll('/', '-') : name;
}
