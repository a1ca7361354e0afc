/** Which variables of a `.env` file are which field of which secret, by the names that teams give them. */
import type { z } from 'zod';
import type { SecretId } from '../../secrets/schemas.ts';
import { databaseSchema, externalApiKeysSchema, jwtSchema, openaiSchema } from '../../secrets/schemas.ts';
import { databaseUrlFields } from './database-url.ts';
import { hoursOf } from './hours.ts';

/** Fields and their values. Holds credentials: never to be printed. */
export type Fields = Record<string, string>;

export interface Target {
  schema: z.ZodType<object>;
  /** Of each field, the variables that may hold it. */
  variables: Record<string, string[]>;
  /** Variables that hold more than one field, or hold it in another form. @throws Error that says what is wrong, without the value */
  parsed?: Record<string, (value: string) => Fields>;
}

const inEach = (prefixes: string[], names: string[]) =>
  prefixes.flatMap((prefix) => names.map((name) => `${prefix}${name}`));

const SERVERS = ['DB_', 'DATABASE_', 'POSTGRES_', 'POSTGRESQL_'];

export const TARGETS: Partial<Record<SecretId, Target>> = {
  database: {
    schema: databaseSchema,
    variables: {
      username: ['PGUSER', ...inEach(SERVERS, ['USER', 'USERNAME'])],
      password: ['PGPASSWORD', ...inEach(SERVERS, ['PASSWORD', 'PASS'])],
      host: ['PGHOST', ...inEach(SERVERS, ['HOST', 'HOSTNAME'])],
      port: ['PGPORT', ...inEach(SERVERS, ['PORT'])],
      dbname: ['PGDATABASE', ...inEach(SERVERS, ['NAME', 'DATABASE', 'DB'])],
      sslmode: ['PGSSLMODE', ...inEach(SERVERS, ['SSLMODE', 'SSL_MODE'])],
    },
    parsed: Object.fromEntries(
      ['DATABASE_URL', 'DB_URL', 'POSTGRES_URL', 'POSTGRESQL_URL', 'PG_URL'].map((name) => [
        name,
        databaseUrlFields,
      ]),
    ),
  },
  jwt: {
    schema: jwtSchema,
    variables: {
      secret_key: ['JWT_SECRET', 'JWT_SECRET_KEY', 'JWT_SIGNING_KEY', 'JWT_KEY'],
      algorithm: ['JWT_ALGORITHM', 'JWT_ALG'],
      expiry_hours: ['JWT_EXPIRY_HOURS'],
      issuer: ['JWT_ISSUER'],
      audience: ['JWT_AUDIENCE'],
    },
    parsed: Object.fromEntries(
      ['JWT_EXPIRES_IN', 'JWT_EXPIRATION', 'JWT_EXPIRY'].map((name) => [
        name,
        (value) => ({ expiry_hours: hoursOf(value) }),
      ]),
    ),
  },
  openai: {
    schema: openaiSchema,
    variables: {
      api_key: ['OPENAI_API_KEY', 'OPENAI_KEY'],
      model: ['OPENAI_MODEL', 'OPENAI_MODEL_NAME'],
      organization: ['OPENAI_ORGANIZATION', 'OPENAI_ORG_ID', 'OPENAI_ORG'],
      base_url: ['OPENAI_BASE_URL', 'OPENAI_API_BASE'],
    },
  },
  'external-api-keys': {
    schema: externalApiKeysSchema,
    variables: {
      stripe: ['STRIPE_SECRET_KEY', 'STRIPE_API_KEY', 'STRIPE_KEY'],
      sendgrid: ['SENDGRID_API_KEY', 'SENDGRID_KEY'],
    },
  },
};
