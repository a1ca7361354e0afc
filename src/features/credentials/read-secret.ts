/** Reads one secret for a connection. Whoever passes on a name that somebody sent has checked it. */
import { SecretError } from '../../errors.ts';
import type { SecretProvider } from '../../secrets/provider.ts';
import { CredentialError } from './credential-error.ts';
import { type SecretData, toSecretData } from './secret-values.ts';

/** @throws CredentialError with the backend's message, which names the secret; its cause is for the log */
export async function readSecret(
  provider: SecretProvider,
  name: string,
  signal: AbortSignal | undefined,
): Promise<SecretData> {
  try {
    return toSecretData(name, (await provider.read(name, { urgent: true, signal })).value);
  } catch (cause) {
    if (!(cause instanceof SecretError)) throw cause;
    const isOurs = cause.retryable || cause.code === 'identity';
    throw new CredentialError(isOurs ? 'unavailable' : 'refused', `${cause.message}.`, { cause });
  }
}
