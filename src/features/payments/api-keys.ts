/** The keys of other services, read when they are needed, and read again when one of them is refused. */
import { SecretError } from '../../errors.ts';
import type { GetOptions, OnDemandSecrets } from '../../secrets/on-demand.ts';
import { type ExternalApiKeys, externalApiKeysSchema } from '../../secrets/schemas.ts';

export interface ApiKeys {
  /** @throws SecretError `not-found` where there are none, `invalid` where one is missing */
  read(options?: GetOptions): Promise<ExternalApiKeys>;
  /**
   * Runs `operation` with a key and, when that was refused, once more with the one that replaced it.
   * @throws what the operation threw, when no other key came of asking
   */
  use<R>(
    name: keyof ExternalApiKeys,
    operation: (key: string) => Promise<R>,
    isRefusal: (error: unknown) => boolean,
  ): Promise<R>;
}

const SECRET = 'external-api-keys';

export function createApiKeys(secrets: OnDemandSecrets): ApiKeys {
  const read = async (options?: GetOptions): Promise<ExternalApiKeys> => {
    const value = await secrets.get(SECRET, options);
    const { success, data } = externalApiKeysSchema.safeParse(value);
    if (success) return data;
    throw new SecretError(
      value === null ? 'not-found' : 'invalid',
      'The keys of Stripe and SendGrid are missing',
      {
        remedy: `Put {"stripe": "...", "sendgrid": "..."} into the secret ${SECRET}.`,
      },
    );
  };

  return {
    read,
    async use(name, operation, isRefusal) {
      const { [name]: key } = await read();
      try {
        return await operation(key);
      } catch (error) {
        if (!isRefusal(error)) throw error;
        const { [name]: fresh } = await read({ cache: false });
        if (fresh === key) throw error;
        return operation(fresh);
      }
    },
  };
}
