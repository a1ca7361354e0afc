/** The shape of a connection's configuration: its server, its login, and where its secret is stored. */
import { z } from 'zod';
import { CredentialProviderFactory, unknownSource } from './credential-provider-factory.ts';
import { translate } from './translations.ts';

/** Any field may be a reference, so a port may be text. */
const text = z.string().max(2048).regex(/\S/, 'is empty').trim();
/** A certificate is the longest value. */
const certificate = z.string().max(20_000);
const extraValue = z.union([certificate, z.number(), z.boolean()]);

export const AUTHENTICATION_TYPES = ['basic', 'iam-user', 'iam-role'] as const;

const common = {
  authType: z
    .enum(AUTHENTICATION_TYPES, `must be one of ${AUTHENTICATION_TYPES.join(', ')}`)
    .optional()
    .describe('Default basic'),
  host: text.optional(),
  port: z
    .union([text, z.int().min(1).max(65_535)])
    .optional()
    .describe('Default 5432'),
  database: text.optional().describe('Default postgres'),
  dbname: text.optional().describe('The same as database'),
  sslmode: text.optional().describe('disable, require, verify-ca or verify-full'),
  ca_cert: certificate.optional().describe('Certificates of the authorities to trust, in PEM'),
  ssl_cert: certificate.optional().describe('The same as ca_cert'),
  username: text.optional(),
  password: text.optional().describe('A key of the secret, or the name of a secret; never a password'),
  'access-key-id': text.optional(),
  'secret-access-key': text.optional(),
  'role-arn': text.optional(),
  'external-id': text.optional(),
  region: text.optional().describe('Where RDS tokens are signed. Default: the region in the host name'),
  extra: z
    .record(z.string().max(64), extraValue)
    .refine((extra) => Object.keys(extra).length <= 20, 'has more than 20 fields')
    .meta({ maxProperties: 20 })
    .optional()
    .describe('May hold database, sslmode and ca_cert, too'),
};

const configuration = z.looseObject({ credentialSource: z.string().optional(), ...common });
export type Configuration = z.infer<typeof configuration>;

/** One shape for each source that is registered by now. */
export function configurationSchema(): z.ZodType<Configuration> {
  const shapes = CredentialProviderFactory.all().map(([name, { fields }]) => {
    const source = z.literal(name);
    const shape = {
      credentialSource: name === 'direct' ? source.optional() : source,
      ...common,
      ...fields,
    };
    return z.strictObject(shape, {
      error: ({ code, keys }) => (code === 'unrecognized_keys' ? translate(keys as string[]) : undefined),
    });
  });
  const [first, ...others] = shapes;
  if (!first) throw new Error('No credential source is registered.');
  return z.discriminatedUnion('credentialSource', [first, ...others], {
    error: ({ code }) => (code === 'invalid_union' ? unknownSource() : undefined),
  });
}
