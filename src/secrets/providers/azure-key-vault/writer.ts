/**
 * Writes to Azure Key Vault, which has no conditional write. A write that expects a version checks before and after, so
 * two writers in one process never both succeed. Two processes that write in the same moment get a conflict afterwards.
 */
import type { WriteOptions } from '../../provider.ts';
import type { KeyVaultClient } from './client.ts';
import { keyVaultError } from './errors.ts';

export function createKeyVaultWriter(client: KeyVaultClient, vaultUrl: string) {
  let last: Promise<unknown> = Promise.resolve();

  const replace = async (
    name: string,
    value: string,
    expected: string | null,
    signal: AbortSignal | undefined,
  ): Promise<string> => {
    const before = await client.history(name, signal);
    if ((before[0]?.version ?? null) !== expected) throw keyVaultError('conflict', { vaultUrl, name });
    const version = await client.set(name, value, signal);
    const after = await client.history(name, signal);
    if (after.length > before.length + 1) throw keyVaultError('conflict', { vaultUrl, name });
    return version;
  };

  /** Writes one JSON secret, which from then on takes precedence over secrets per field. */
  return (name: string, value: string, { expected, signal }: WriteOptions = {}): Promise<string> => {
    if (expected === undefined) return client.set(name, value, signal);
    // One at a time, so that each write of this process sees the one before it.
    const done = last.then(() => replace(name, value, expected, signal));
    last = done.catch(() => {});
    return done;
  };
}
