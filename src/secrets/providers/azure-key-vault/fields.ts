/** One secret per field: `database-username` and `database-password` in place of `myapp-database`. */
import { createHash } from 'node:crypto';
import { createSecret, type ReadOptions, type Secret } from '../../provider.ts';

/** The secrets that hold one field each. Names in Key Vault have no underscore. */
export const fieldSecrets = (layout: ReadOptions['layout']): { field: string; name: string }[] =>
  layout?.fields.map((field) => ({ field, name: `${layout.prefix}-${field.replaceAll('_', '-')}` })) ?? [];

/** One version for several, which changes when any of them changes. */
export const combineVersions = (versions: string[]): string =>
  createHash('sha256').update(versions.toSorted().join()).digest('hex').slice(0, 32);

/**
 * Combines one secret per field. Key Vault cannot change several secrets at once, so a read during a rotation can
 * mix old and new fields. The client's proof refuses the mix, and a later read is whole.
 */
export function combineFields(name: string, parts: { field: string; secret: Secret }[]): Secret {
  const times = (key: 'createdAt' | 'expiresAt') =>
    parts.flatMap(({ secret }) => secret[key] ?? []).sort((a, b) => a.getTime() - b.getTime());
  return createSecret({
    name,
    value: JSON.stringify(Object.fromEntries(parts.map(({ field, secret }) => [field, secret.value]))),
    version: combineVersions(parts.map(({ secret }) => secret.version)),
    createdAt: times('createdAt').at(-1),
    expiresAt: times('expiresAt')[0],
  });
}
