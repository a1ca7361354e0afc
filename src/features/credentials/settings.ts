/** The environment variables of this feature. By default no host, account or vault is allowed. */
import { z } from 'zod';
import { notes } from '../../variables.ts';
import { parseAllowedHost } from './allowed-hosts.ts';
import { PREFIX } from './allowed-names.ts';
import { parseComponents } from './component-settings.ts';

/** Parses a comma-separated list. */
const list =
  <T>(parse: (text: string) => T | undefined, message: string) =>
  (text: string, context: z.RefinementCtx): T[] => {
    const parts = text.split(',').map((part) => part.trim());
    const items = parts.filter((part) => part !== '').map(parse);
    if (items.includes(undefined)) context.addIssue({ code: 'custom', message });
    return items.filter((item) => item !== undefined);
  };

const parsePlace = (text: string) => (/^[a-z0-9-]+:\d{12}$/.test(text) ? text : undefined);

function parseVault(text: string): string | undefined {
  const url = URL.parse(text);
  return url?.protocol === 'https:' && url.pathname === '/' ? url.origin : undefined;
}

/** A loose object, because the variables of a component begin with its name. */
export const settings = z
  .looseObject({
    CREDENTIALS_PREFIX: z
      .string()
      .regex(PREFIX, 'must end with a slash or a hyphen, such as myapp/credentials/')
      .optional()
      .register(notes, {
        description:
          'Beginning of the names of secrets of connections. Default: SECRET_PREFIX and /credentials/.',
      }),
    CREDENTIALS_HOSTS: z
      .string()
      .default('')
      .transform(list(parseAllowedHost, 'must be hosts with ports, such as *.db.example.com:5432'))
      .register(notes, {
        description: 'Servers that a connection may use, for example *.db.example.com:5432.',
      }),
    CREDENTIALS_AWS_ACCOUNTS: z
      .string()
      .default('')
      .transform(list(parsePlace, 'must be regions with accounts, such as eu-central-1:123456789012'))
      .register(notes, {
        description: 'AWS regions and accounts of these secrets, for example eu-central-1:123456789012.',
      }),
    CREDENTIALS_AZURE_VAULTS: z
      .string()
      .default('')
      .transform(list(parseVault, 'must be URLs such as https://myvault.vault.azure.net'))
      .register(notes, {
        description: 'Key Vaults of these secrets, for example https://myvault.vault.azure.net.',
      }),
    CREDENTIALS_RATE_LIMIT: z.coerce
      .number('must be a whole number')
      .int()
      .min(1)
      .default(20)
      .register(notes, { description: 'Requests per minute and administrator.' }),
  })
  .transform((env, context) => ({
    prefix: env.CREDENTIALS_PREFIX,
    hosts: env.CREDENTIALS_HOSTS,
    awsPlaces: env.CREDENTIALS_AWS_ACCOUNTS,
    azureVaults: env.CREDENTIALS_AZURE_VAULTS,
    /** Requests a minute and caller. */
    rateLimit: env.CREDENTIALS_RATE_LIMIT,
    components: parseComponents(env, context),
  }));
