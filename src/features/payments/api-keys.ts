/** The keys of Stripe and SendGrid: read when they are used, and replaced when one of them is refused. */
import type { Clock } from '../../clock.ts';
import type { OnDemandSecrets } from '../../secrets/on-demand.ts';
import { withFreshSecret } from '../../secrets/with-fresh-secret.ts';
import { type ExternalApiKeys, secrets as own } from './secret.ts';

export interface UseOptions {
  /** Whether an error means that the key was refused. */
  isRefusal: (error: unknown) => boolean;
  /** When the request began, on the clock: all its calls share one budget for waiting. */
  since: number;
}

export interface ApiKeys {
  /** Resolves when both keys are there. @throws SecretError `not-found` where none are, `invalid` where one is missing */
  require(): Promise<void>;
  /**
   * Runs `operation` with a key and, when the key is refused, again with the one that replaced it.
   * @throws what the operation threw, when no other key came in time
   */
  use<R>(
    name: keyof ExternalApiKeys,
    options: UseOptions,
    operation: (key: string) => Promise<R>,
  ): Promise<R>;
}

export function createApiKeys(secrets: OnDemandSecrets, clock: Clock): ApiKeys {
  const secret = secrets.credential('external-api-keys', own['external-api-keys'].schema);
  return {
    async require() {
      await secret.current();
    },
    use: (name, options, operation) =>
      withFreshSecret({ secret, clock, ...options }, ({ value }) => operation(value[name])),
  };
}
