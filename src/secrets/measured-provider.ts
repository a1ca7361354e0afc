/** Reports how each call to a backend ended and how long it took. */
import type { Clock } from '../clock.ts';
import { asSecretError, type SecretErrorCode } from '../errors.ts';
import type { SecretProvider } from './provider.ts';

export type Operation = 'read' | 'version' | 'write' | 'renew' | 'revoke';

export interface Call {
  provider: string;
  operation: Operation;
  outcome: 'ok' | SecretErrorCode;
  milliseconds: number;
}

/** Wraps a provider. `onCall` receives every call when it has ended. */
export function measuredProvider(
  provider: SecretProvider,
  { clock, onCall }: { clock: Clock; onCall: (call: Call) => void },
): SecretProvider {
  const measure =
    <Parameters extends unknown[], R>(
      operation: Operation,
      call: (...parameters: Parameters) => Promise<R>,
    ) =>
    async (...parameters: Parameters): Promise<R> => {
      const started = clock.now();
      const ended = (outcome: Call['outcome']) =>
        onCall({ provider: provider.name, operation, outcome, milliseconds: clock.now() - started });
      try {
        const result = await call(...parameters);
        ended('ok');
        return result;
      } catch (error) {
        ended(asSecretError(error).code);
        throw error;
      }
    };

  const { read, version, write, renew, revoke } = provider;
  return {
    ...provider,
    read: measure('read', read),
    ...(version && { version: measure('version', version) }),
    ...(write && { write: measure('write', write) }),
    ...(renew && { renew: measure('renew', renew) }),
    ...(revoke && { revoke: measure('revoke', revoke) }),
  };
}
