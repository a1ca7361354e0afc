/** The one place that knows what a secret is called in a backend. */

export const SECRET_IDS = [
  'database',
  'jwt',
  'openai',
  'external-api-keys',
  // For whoever rotates: the service itself never reads these.
  'database-administrator',
  'openai-administrator',
] as const;
export type SecretId = (typeof SECRET_IDS)[number];

export interface NamingOptions {
  /** The word in `SECRET_PROVIDER`. */
  provider: string;
  /** `SECRET_PREFIX`, for example `myapp` or `prod/myapp`. */
  prefix: string;
  /** The name given by hand, for example by `DATABASE_SECRET_NAME`: taken as it is. */
  override?: string | undefined;
}

/**
 * The backend's name of a secret: `myapp/database` for AWS and Vault; `myapp-database` for Azure, whose
 * names know no slash; `database` for files, whose directory is the prefix.
 */
export function secretName(id: SecretId, { provider, prefix, override }: NamingOptions): string {
  if (override) return override;
  if (provider === 'file') return id;
  const name = `${prefix}/${id}`;
  return provider === 'azure' ? name.replaceAll('/', '-') : name;
}
