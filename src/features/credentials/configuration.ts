/** A connection as somebody registers it: where its server is, how to log in, and where its secret is. */
import { z } from 'zod';
import { CredentialProviderFactory, unknownSource } from './credential-provider-factory.ts';

/** Strings may be references, so that a port can be one too. */
const text = z.string().max(2048).regex(/\S/, 'is empty').trim();
/** A certificate is the longest thing in it. */
const extraValue = z.union([z.string().max(20_000), z.number(), z.boolean()]);

export const AUTHENTICATION_TYPES = ['basic', 'iam-user', 'iam-role'] as const;

const common = {
  authType: z.enum(AUTHENTICATION_TYPES).optional().describe('Default basic'),
  host: text.optional(),
  port: z
    .union([text, z.int().min(1).max(65_535)])
    .optional()
    .describe('Default 5432'),
  username: text.optional(),
  password: text.optional().describe('A key of the secret, or the name of a secret; never a password'),
  'access-key-id': text.optional(),
  'secret-access-key': text.optional(),
  'role-arn': text.optional(),
  'external-id': text.optional(),
  region: text.optional(),
  extra: z
    .record(z.string().max(64), extraValue)
    .refine((extra) => Object.keys(extra).length <= 20, 'has more than 20 fields')
    .meta({ maxProperties: 20 })
    .optional()
    .describe('database, sslmode and ca_cert'),
};

const configuration = z.looseObject({ credentialSource: z.string().optional(), ...common });
export type Configuration = z.infer<typeof configuration>;

/** One shape for each source that is registered by now. */
export function configurationSchema(): z.ZodType<Configuration> {
  const shapes = CredentialProviderFactory.all().map(([name, { fields }]) => {
    const source = z.literal(name);
    return z.strictObject({
      credentialSource: name === 'direct' ? source.optional() : source,
      ...common,
      ...fields,
    });
  });
  const [first, ...others] = shapes;
  if (!first) throw new Error('No credential source is registered.');
  return z.discriminatedUnion('credentialSource', [first, ...others], {
    error: ({ code }) => (code === 'invalid_union' ? unknownSource() : undefined),
  });
}
