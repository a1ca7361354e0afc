/** The environment variables of the service itself. Those of a backend or a feature are in its folder. */
import { z } from 'zod';
import { allBackends, providerNames } from './secrets/providers/registry.ts';
import { notes, optional, seconds, type Variable, variablesOf, wholeNumber } from './variables.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const ttls = allBackends().map(({ name, ttl }) => `${name} ${ttl / 1000}`);

const secretSettings = z.object({
  SECRET_PROVIDER: optional({
    description: `Where the secrets are: ${providerNames().join(', ')}.`,
    example: 'vault',
  }),
  SECRET_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*$/, 'must be words joined by slashes, such as prod/myapp')
    .default('myapp')
    .register(notes, {
      description:
        'First part of the name of every secret: myapp/database in AWS and Vault, myapp-database in Azure.',
    }),
  SECRET_STARTUP_TIMEOUT: seconds(3600)
    .default(30)
    .register(notes, { description: 'Seconds until every secret must be loaded at startup.' }),
  SECRET_TTL: seconds(86_400)
    .optional()
    .register(notes, {
      description: `Seconds after which a secret is checked again. Default: ${ttls.join(', ')}.`,
    }),
});

const serverSettings = z.object({
  NODE_ENV: z
    .string()
    .default('development')
    .register(notes, { description: 'development or production.', example: 'production' }),
  HOST: z.string().default('0.0.0.0').register(notes, { description: 'Address to listen on.' }),
  PORT: wholeNumber(0, 65_535).default(3000).register(notes, { description: 'Port to listen on.' }),
  LOG_LEVEL: z
    .string()
    .toLowerCase()
    .pipe(z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`))
    .default('info')
    .register(notes, { description: `${LOG_LEVELS.join(', ')}.` }),
  LOGIN_RATE_LIMIT: wholeNumber(1, 1_000_000)
    .default(10)
    .register(notes, { description: 'Logins per minute and address.' }),
  TRUSTED_PROXIES: wholeNumber(0, 100)
    .default(0)
    .register(notes, { description: 'Proxies in front of the service, whose X-Forwarded-For is believed.' }),
});

export const settings = secretSettings.extend(serverSettings.shape);

export const variables: Record<'secrets' | 'names' | 'server', Variable[]> = {
  secrets: variablesOf(secretSettings),
  names: [
    {
      name: '*_SECRET_NAME',
      description:
        'Name of a secret that does not follow the prefix: its id in capitals, for example DATABASE_SECRET_NAME.',
      isRequired: false,
    },
  ],
  server: variablesOf(serverSettings),
};
