/**
 * The shape of each secret. Backends store strings, so numbers are coerced; names of the wild are accepted as
 * aliases. Messages name a field and never its value.
 */
import { z } from 'zod';
import { SecretError } from '../errors.ts';
import { conceal } from './conceal.ts';
import type { Secret } from './provider.ts';

const text = z.string().trim().min(1, 'is empty');
/** A credential is taken as it is: a space at its end may belong to it. */
const credential = z.string().min(1, 'is empty');

/** Accepts `alias` for `field`. Both with different values leave it open which one is meant: refused. */
const aliased = <T extends z.ZodType>(field: string, alias: string, schema: T) =>
  z.preprocess((input, context) => {
    if (typeof input !== 'object' || input === null || !(alias in input)) return input;
    const { [alias]: aliasValue, ...rest } = input as Record<string, unknown>;
    if (field in rest && rest[field] !== aliasValue)
      context.addIssue({
        code: 'custom',
        path: [field],
        message: `differs from its alias ${alias}; keep one`,
      });
    return { ...rest, [field]: aliasValue };
  }, schema);

/**
 * PostgreSQL. `sslmode` as in libpq without its guessing modes; the default is `verify-full` when a
 * `ca_cert` is given and `disable` otherwise.
 */
export const databaseSchema = aliased(
  'dbname',
  'database',
  z
    .object({
      username: text,
      password: credential,
      host: text,
      port: z.coerce.number().int().min(1).max(65_535).default(5432),
      dbname: text,
      sslmode: z.enum(['disable', 'require', 'verify-ca', 'verify-full']).optional(),
      ca_cert: text.optional(),
    })
    .transform((value) => conceal(value, 'password')),
);

/** Shortest key in bytes: the size of the hash. https://www.rfc-editor.org/rfc/rfc7518#section-3.2 */
const KEY_BYTES = { HS256: 32, HS384: 48, HS512: 64 } as const;

/** Keys that sign and verify tokens. `expiry_hours` defaults to 24, `revoke_previous` to false. */
export const jwtSchema = aliased(
  'secret_key',
  'signing_key',
  z
    .object({
      secret_key: credential,
      previous_secret_key: credential.optional(),
      algorithm: z.enum(['HS256', 'HS384', 'HS512']).default('HS256'),
      expiry_hours: z.coerce.number().positive().max(8760).default(24),
      issuer: text.optional(),
      audience: text.optional(),
      /** Tokens of every earlier key are refused: for a key that has become known. */
      revoke_previous: z.stringbool().or(z.boolean()).default(false),
    })
    .superRefine((value, context) => {
      const bytes = KEY_BYTES[value.algorithm];
      for (const field of ['secret_key', 'previous_secret_key'] as const) {
        const key = value[field];
        if (key !== undefined && Buffer.byteLength(key) < bytes)
          context.addIssue({
            code: 'custom',
            path: [field],
            message: `is shorter than the ${bytes} bytes that ${value.algorithm} needs`,
          });
      }
    })
    .transform((value) => conceal(value, 'secret_key', 'previous_secret_key')),
);

export const openaiSchema = z
  .object({
    api_key: text,
    model: text,
    organization: text.optional(),
    base_url: z.url({ protocol: /^https?$/ }).optional(),
  })
  .transform((value) => conceal(value, 'api_key'));

/** What makes API keys at OpenAI, for rotation: an admin key and the project whose service accounts own the keys. */
export const openaiAdministratorSchema = z
  .object({
    admin_key: text,
    project_id: text,
    base_url: z.url({ protocol: /^https?$/ }).optional(),
  })
  .transform((value) => conceal(value, 'admin_key'));

/** Keys of other services, read on demand. */
export const externalApiKeysSchema = z
  .object({ stripe: text, sendgrid: text })
  .transform((value) => conceal(value, 'stripe', 'sendgrid'));

export type DatabaseSecret = z.infer<typeof databaseSchema>;
export type JwtSecret = z.infer<typeof jwtSchema>;
export type OpenAISecret = z.infer<typeof openaiSchema>;
export type ExternalApiKeys = z.infer<typeof externalApiKeysSchema>;
export type OpenAIAdministratorSecret = z.infer<typeof openaiAdministratorSchema>;

/** Names of the fields, for backends that store one secret per field. */
export const FIELDS = {
  database: ['username', 'password', 'host', 'port', 'dbname', 'database', 'sslmode', 'ca_cert'],
  jwt: [
    'secret_key',
    'signing_key',
    'previous_secret_key',
    'algorithm',
    'expiry_hours',
    'issuer',
    'audience',
    'revoke_previous',
  ],
  openai: ['api_key', 'model', 'organization', 'base_url'],
} as const;

/** Parses what a backend stores. @throws SecretError `invalid`, naming the fields to mend; `not-found` for a placeholder */
export function parseSecret<T>(schema: z.ZodType<T>, secret: Secret): T {
  const invalid = (message: string, remedy: string) =>
    new SecretError('invalid', `${secret.name} ${message}`, { remedy });
  if (isPlaceholder(secret.value))
    throw new SecretError('not-found', `${secret.name} is there and empty`, {
      remedy: `Put a value into ${secret.name}: a placeholder is no secret.`,
    });
  let json: unknown;
  try {
    json = JSON.parse(secret.value);
  } catch {
    // The parser's own message quotes the text, so it is no cause to keep.
    throw invalid('is not JSON', 'Store one JSON object; the README lists its fields.');
  }
  const result = schema.safeParse(json, { error: inWords });
  if (result.success) return result.data;
  const faults = result.error.issues.map(({ path, message }) =>
    path.length > 0 ? `${path.join('.')}: ${message}` : message,
  );
  throw invalid(
    `has the wrong shape: ${faults.join('; ')}`,
    `Mend ${result.error.issues.length === 1 ? 'this field' : 'these fields'} of ${secret.name} in the backend.`,
  );
}

/** What stands where a secret will be: nothing, or an object without fields. */
export const isPlaceholder = (text: string): boolean => ['', '{}'].includes(text.replace(/\s+/g, ''));

/** What is wrong with a field, without its value. */
function inWords(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.join(', ')}`;
  if (issue.code !== 'invalid_type') return undefined;
  if (issue.input === undefined) return 'is missing';
  return issue.expected === 'object' ? 'must be one JSON object' : `must be a ${issue.expected}`;
}
