/** Reads one secret for a connection. The caller has checked a name that came from a request. */
import { SecretError } from '../../errors.ts';
import type { SecretProvider } from '../../secrets/provider.ts';
import { CredentialError } from './credential-error.ts';
import { type SecretData, toSecretData } from './secret-values.ts';

/** @throws CredentialError with the provider's message, which names the secret. The cause is for the log. */
export async function readSecret(
  provider: SecretProvider,
  name: string,
  signal: AbortSignal | undefined,
): Promise<SecretData> {
  try {
    return toSecretData(name, (await provider.read(name, { urgent: true, signal })).value);
  } catch (cause) {
    if (!(cause instanceof SecretError)) throw cause;
    // An identity that the backend rejects is a fault of this service, not of the configuration.
    const isOurs = cause.retryable || cause.code === 'identity';
    throw new CredentialError(isOurs ? 'unavailable' : 'refused', `${cause.message}.`, { cause });
  }
}
