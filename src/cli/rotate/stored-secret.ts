/** A secret as the backend stores it, unknown fields and aliases included, and writing it with some fields changed. */
import { SecretError } from '../../errors.ts';
import { parseSecret } from '../../secrets/parse-secret.ts';
import type { Secret, SecretProvider } from '../../secrets/provider.ts';
import { writableNames } from '../../secrets/providers/registry.ts';
import { databaseSchema, entryOf, layoutOf, type SecretId, type SecretValue } from '../../secrets/schemas.ts';
import { RotationError } from '../rotation-error.ts';
import type { RotationOptions } from './rotation.ts';

/** Milliseconds one read or write may take. */
const PATIENCE = 10_000;

export interface StoredSecret<T> {
  name: string;
  value: T;
  /** The stored object itself. Holds credentials: do not print. */
  raw: Readonly<Record<string, unknown>>;
  version: string;
  createdAt: Date | undefined;
}

/**
 * Reads the one JSON secret. One secret per field is refused: Key Vault cannot change two of them at once, so a
 * replica that starts in between, or after a crash in between, would find a user with another one's password.
 * @throws SecretError, RotationError
 */
export async function readStored<Id extends SecretId>(
  { provider, names }: Pick<RotationOptions, 'provider' | 'names'>,
  id: Id,
): Promise<StoredSecret<SecretValue<Id>>> {
  const name = names[id];
  const { schema, use } = entryOf(id);
  const read = (layout?: { prefix: string; fields: readonly string[] }) =>
    provider.read(name, { layout, signal: AbortSignal.timeout(PATIENCE) });
  const secret = await read().catch(async (error) => {
    if (!(error instanceof SecretError) || error.code !== 'not-found' || use === 'administrators')
      throw error;
    await read(layoutOf(id, schema));
    throw new RotationError(`${name} is kept as one secret per field, which cannot change all at once.`, {
      remedy: `Store its fields as one JSON object in ${name}; it takes precedence over them. Then rotate.`,
      temporary: false,
    });
  });
  return {
    name,
    value: parseSecret(schema, secret),
    raw: JSON.parse(secret.value),
    version: secret.version,
    createdAt: secret.createdAt,
  };
}

/** The login that the service itself would get, in whichever layout the backend stores it. @throws SecretError */
export const readDatabase = ({
  provider,
  names,
}: Pick<RotationOptions, 'provider' | 'names'>): Promise<Secret> =>
  provider.read(names.database, {
    layout: layoutOf('database', databaseSchema),
    signal: AbortSignal.timeout(PATIENCE),
  });

/** Revokes the lease of a login that was made for this process. If that fails, the lease expires. */
export async function endLease({ provider }: Pick<RotationOptions, 'provider'>, { lease }: Secret) {
  if (lease) await provider.revoke?.(lease, { signal: AbortSignal.timeout(PATIENCE) }).catch(() => {});
}

/** @throws RotationError when this backend cannot be written to by this process */
export function assertWritable({ name, write }: SecretProvider): void {
  if (write) return;
  throw new RotationError(`The provider ${name} cannot write: it reads what something else delivers.`, {
    remedy: `Rotate where the secrets come from: set SECRET_PROVIDER to ${writableNames()}, with an identity that may write there.`,
    temporary: false,
  });
}

/**
 * Writes the secret with `changes`, over the version they were made for and no other. A field that is changed to undefined
 * is removed. When the answer is lost, the secret is read to see whether it was written.
 * @returns the new version. @throws SecretError; RotationError, for which `isUnclear` holds when it is not known
 */
export async function writeStored(
  provider: SecretProvider,
  { name, raw, version }: StoredSecret<unknown>,
  changes: Record<string, unknown>,
): Promise<string> {
  if (!provider.write) throw new Error(`The provider ${provider.name} cannot write.`);
  try {
    const value = JSON.stringify({ ...raw, ...changes });
    return await provider.write(name, value, { expected: version, signal: AbortSignal.timeout(PATIENCE) });
  } catch (error) {
    if (error instanceof SecretError && error.code === 'conflict') throw overwritten(name, error);
    if (!(error instanceof SecretError) || !error.retryable) throw error;
    const now = await provider.read(name, { signal: AbortSignal.timeout(PATIENCE) }).catch(() => undefined);
    const written: Record<string, unknown> = now ? JSON.parse(now.value) : {};
    const isWritten = Object.entries(changes).every(([field, value]) => written[field] === value);
    if (now && now.version !== version && isWritten) return now.version;
    throw new RotationError(`It is not known whether ${name} was written: ${error.message}`, {
      remedy: `${error.remedy} Then run the same command again: it finishes or undoes the interrupted run.`,
      temporary: true,
      cause: unclear,
    });
  }
}

/** Running the command again starts from what is stored by then. */
export const overwritten = (name: string, cause?: unknown) =>
  new RotationError(`Another process wrote ${name} during the rotation.`, {
    remedy: 'No login was locked. Run the same command again.',
    temporary: true,
    cause,
  });

const unclear = new Error('The backend gave no answer to the write.');

/** Whether the write that failed like this may still have happened. */
export const isUnclear = (error: unknown): boolean =>
  error instanceof RotationError && error.cause === unclear;
