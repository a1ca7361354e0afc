/**
 * The secrets of the service, one entry each. Everything else follows `SECRETS`: names, overrides, loading at startup,
 * the doctor, the import, what administrators may write, and the sandbox.
 */
import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { conceal } from './conceal.ts';
import { aliased, fieldNames } from './fields.ts';

export interface SecretEntry<T extends object = object> {
  /** Backends store strings, so numbers are coerced. */
  schema: z.ZodType<T>;
  /**
   * `startup`: the service does not start without it. `on-demand`: read when something asks for it.
   * `administrators`: read by their commands; the service's own identity must not be able to read it.
   */
  use: 'startup' | 'on-demand' | 'administrators';
  /** Also loads the version before the current one, where the backend keeps it. Default false. */
  history?: boolean;
  /** Variables that hold a field in a `.env` file, beside `<ID>_<FIELD>`: for the import. */
  variables?: Readonly<Record<string, readonly string[]>>;
}

const text = z.string().trim().min(1, 'is empty');
/** A credential is not trimmed: a space at its end may belong to it. */
const credential = z.string().min(1, 'is empty');
const httpUrl = z.url({ protocol: /^https?$/ });

/** Names of libpq. The service never falls back to plain text on its own. */
const SSL_MODES = ['disable', 'require', 'verify-ca', 'verify-full'] as const;
const UNSUPPORTED_SSL_MODES: Record<string, string> = {
  allow: 'allow is not supported, because it can end in plain text',
  prefer: 'prefer is not supported, because it can end in plain text',
  'no-verify': 'no-verify is not a name of libpq',
};
const sslmode = z.enum(SSL_MODES, {
  error: ({ input }) => {
    const reason = typeof input === 'string' && Object.hasOwn(UNSUPPORTED_SSL_MODES, input);
    return `${reason ? `${UNSUPPORTED_SSL_MODES[input]}; it ` : ''}must be one of ${SSL_MODES.join(', ')}`;
  },
});

/** Certificates in PEM. One line with `\n` in place of line breaks is accepted. */
const certificates = text
  .transform((pem) => pem.replaceAll('\\n', '\n'))
  .refine(isPem, 'is not a certificate in PEM: -----BEGIN CERTIFICATE----- and what follows');

/** Node ignores an authority that it cannot read. */
function isPem(pem: string): boolean {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    for (const certificate of found) new X509Certificate(certificate);
    return found.length > 0;
  } catch {
    return false;
  }
}

/**
 * PostgreSQL. The default of `sslmode` is `verify-full`, and `disable` for loopback and Unix sockets without a `ca_cert`.
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
      sslmode: sslmode.optional(),
      /** Other libraries' word: true stands for `verify-full`, false for `disable`. */
      ssl: z.stringbool().or(z.boolean()).optional(),
      ca_cert: certificates.optional(),
    })
    .transform(({ ssl, ...value }, context) => {
      if (ssl !== undefined && value.sslmode !== undefined && ssl === (value.sslmode === 'disable'))
        context.addIssue({ code: 'custom', path: ['ssl'], message: 'contradicts sslmode; keep one' });
      const wished = ssl === undefined ? undefined : ssl ? 'verify-full' : 'disable';
      return conceal({ ...value, sslmode: value.sslmode ?? wished }, 'password');
    }),
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
      /** Refuses tokens of every earlier key: for a key that has become known. */
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
  .object({ api_key: text, model: text, organization: text.optional(), base_url: httpUrl.optional() })
  .transform((value) => conceal(value, 'api_key'));

/** An admin key of OpenAI and the project whose service accounts own the API keys: rotation creates keys with it. */
export const openaiAdministratorSchema = z
  .object({ admin_key: text, project_id: text, base_url: httpUrl.optional() })
  .transform((value) => conceal(value, 'admin_key'));

const ofServers = (...names: string[]) =>
  ['DB_', 'DATABASE_', 'POSTGRES_', 'POSTGRESQL_'].flatMap((prefix) => names.map((name) => prefix + name));

export const SECRETS = {
  database: {
    schema: databaseSchema,
    use: 'startup',
    variables: {
      username: ['PGUSER', ...ofServers('USER', 'USERNAME')],
      password: ['PGPASSWORD', ...ofServers('PASSWORD', 'PASS')],
      host: ['PGHOST', ...ofServers('HOST', 'HOSTNAME')],
      port: ['PGPORT', ...ofServers('PORT')],
      dbname: ['PGDATABASE', ...ofServers('NAME', 'DATABASE', 'DB')],
      sslmode: ['PGSSLMODE', ...ofServers('SSLMODE', 'SSL_MODE')],
      ssl: ofServers('SSL'),
    },
  },
  jwt: {
    schema: jwtSchema,
    use: 'startup',
    history: true,
    variables: { secret_key: ['JWT_SECRET', 'JWT_KEY'], algorithm: ['JWT_ALG'] },
  },
  openai: {
    schema: openaiSchema,
    use: 'startup',
    variables: {
      api_key: ['OPENAI_KEY'],
      model: ['OPENAI_MODEL_NAME'],
      organization: ['OPENAI_ORG_ID', 'OPENAI_ORG'],
      base_url: ['OPENAI_API_BASE'],
    },
  },
  'database-administrator': { schema: databaseSchema, use: 'administrators' },
  'openai-administrator': { schema: openaiAdministratorSchema, use: 'administrators' },
} satisfies Record<string, SecretEntry>;

export type SecretId = keyof typeof SECRETS;
export const SECRET_IDS = Object.keys(SECRETS) as SecretId[];

/** What a secret holds once it is parsed. */
export type SecretValue<K extends SecretId> = z.output<(typeof SECRETS)[K]['schema']>;
export type DatabaseSecret = SecretValue<'database'>;
export type JwtSecret = SecretValue<'jwt'>;
export type OpenAISecret = SecretValue<'openai'>;
export type OpenAIAdministratorSecret = SecretValue<'openai-administrator'>;

/** The entry of a secret, for code that is generic in its id. */
export function entryOf<Id extends SecretId>(id: Id): SecretEntry<SecretValue<Id>> {
  const entries: { [K in SecretId]: SecretEntry<SecretValue<K>> } = SECRETS;
  return entries[id];
}

/** How backends that store one secret per field name those of a secret. */
export const layoutOf = (id: string, schema: z.ZodType) => ({
  prefix: id,
  fields: [...fieldNames(schema).keys()],
});
