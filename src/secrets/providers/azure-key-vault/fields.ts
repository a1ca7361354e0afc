/** The layout with one secret per field: `database-username`, `database-password` stand for `myapp-database`. */
import { createHash } from 'node:crypto';
import { createSecret, type ReadOptions, type Secret } from '../../provider.ts';

/** The secrets that hold a field each. Names in Key Vault have no underscore. */
export const fieldSecrets = (layout: ReadOptions['layout']): { field: string; name: string }[] =>
  layout?.fields.map((field) => ({ field, name: `${layout.prefix}-${field.replaceAll('_', '-')}` })) ?? [];

/** One version for several: changes when any of them does. */
export const combineVersions = (versions: string[]): string =>
  createHash('sha256').update(versions.toSorted().join()).digest('hex').slice(0, 32);

/**
 * Makes one secret of one per field. Key Vault cannot change several at once, so a read in the middle of a
 * rotation mixes old and new: the next one is whole, and until then the client's trial refuses the mix.
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
