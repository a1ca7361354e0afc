/** The environment variables of each provider. Endpoints and identifiers; a secret only where it says who we are. */
import { z } from 'zod';
import type { AwsSettings } from './aws-secrets-manager/provider.ts';
import type { KeyVaultSettings } from './azure-key-vault/client.ts';

/** Strips the `undefined` that `exactOptionalPropertyTypes` tells apart from an absent key. */
const url = (protocols: RegExp, example: string) =>
  z.url({ protocol: protocols, error: `must be a URL such as ${example}` });
const required = (hint: string) => z.string({ error: `is not set: ${hint}` });

export const awsSettings = z
  .object({
    AWS_REGION: required('the region of the secrets, for example eu-central-1'),
    AWS_CONTAINER_CREDENTIALS_FULL_URI: z.string().optional(),
    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: z.string().optional(),
  })
  .transform(
    (env): AwsSettings => ({
      region: env.AWS_REGION,
      credentialsEndpoint:
        env.AWS_CONTAINER_CREDENTIALS_FULL_URI ?? env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI,
    }),
  );

/** Who writes: what differs from the settings of the reader. */
export const awsWriterSettings = z
  .object({ WRITER_AWS_ROLE_ARN: required('the role to assume for writing secrets') })
  .transform((env) => ({ roleArn: env.WRITER_AWS_ROLE_ARN }));

/** The first of Kubernetes, AppRole and token that is set: an identity of a machine goes before a person's token. */
export const vaultSettings = z
  .object({
    VAULT_ADDR: required('the address of Vault, for example https://vault.example.com:8200').pipe(
      url(/^https?$/, 'https://vault.example.com:8200'),
    ),
    VAULT_NAMESPACE: z.string().optional(),
    VAULT_CACERT: z.string().optional(),
    VAULT_KV_MOUNT: z.string().default('secret'),
    VAULT_KUBERNETES_ROLE: z.string().optional(),
    VAULT_KUBERNETES_TOKEN_FILE: z.string().optional(),
    VAULT_ROLE_ID: z.string().optional(),
    VAULT_SECRET_ID: z.string().optional(),
    VAULT_SECRET_ID_FILE: z.string().optional(),
    VAULT_TOKEN: z.string().optional(),
    VAULT_DATABASE_ROLE: z.string().optional(),
    VAULT_DATABASE_MOUNT: z.string().default('database'),
  })
  // Also when the address is wrong: one report names all there is to mend.
  .superRefine((env, context) => checkIdentity(env, context), { when: () => true })
  .transform((env) => ({
    address: env.VAULT_ADDR,
    mount: env.VAULT_KV_MOUNT,
    namespace: env.VAULT_NAMESPACE,
    caCertificatePath: env.VAULT_CACERT,
    auth: identityOf(env),
    database: env.VAULT_DATABASE_ROLE
      ? { role: env.VAULT_DATABASE_ROLE, mount: env.VAULT_DATABASE_MOUNT }
      : undefined,
  }));

export const vaultWriterSettings = z
  .object({
    WRITER_VAULT_KUBERNETES_ROLE: z.string().optional(),
    WRITER_VAULT_ROLE_ID: z.string().optional(),
    WRITER_VAULT_SECRET_ID: z.string().optional(),
    WRITER_VAULT_SECRET_ID_FILE: z.string().optional(),
    WRITER_VAULT_TOKEN: z.string().optional(),
    VAULT_KUBERNETES_TOKEN_FILE: z.string().optional(),
  })
  .superRefine((env, context) => checkIdentity(writerOf(env), context, 'WRITER_'))
  .transform((env) => ({ auth: identityOf(writerOf(env)), database: undefined }));

interface VaultIdentity {
  VAULT_KUBERNETES_ROLE?: string | undefined;
  VAULT_KUBERNETES_TOKEN_FILE?: string | undefined;
  VAULT_ROLE_ID?: string | undefined;
  VAULT_SECRET_ID?: string | undefined;
  VAULT_SECRET_ID_FILE?: string | undefined;
  VAULT_TOKEN?: string | undefined;
}

function identityOf(env: VaultIdentity) {
  const { VAULT_KUBERNETES_ROLE: role, VAULT_ROLE_ID: roleId = '', VAULT_SECRET_ID_FILE: path } = env;
  const secretId = env.VAULT_SECRET_ID ?? (path ? { path } : '');
  if (role) return { method: 'kubernetes' as const, role, jwtPath: env.VAULT_KUBERNETES_TOKEN_FILE };
  if (roleId || secretId) return { method: 'approle' as const, roleId, secretId };
  return { method: 'token' as const, token: env.VAULT_TOKEN ?? '' };
}

const writerOf = (env: Record<string, string | undefined>): VaultIdentity => ({
  VAULT_KUBERNETES_ROLE: env.WRITER_VAULT_KUBERNETES_ROLE,
  VAULT_KUBERNETES_TOKEN_FILE: env.VAULT_KUBERNETES_TOKEN_FILE,
  VAULT_ROLE_ID: env.WRITER_VAULT_ROLE_ID,
  VAULT_SECRET_ID: env.WRITER_VAULT_SECRET_ID,
  VAULT_SECRET_ID_FILE: env.WRITER_VAULT_SECRET_ID_FILE,
  VAULT_TOKEN: env.WRITER_VAULT_TOKEN,
});

/** @param prefix of the variables */
function checkIdentity(env: VaultIdentity, context: z.RefinementCtx, prefix = '') {
  const identity = identityOf(env);
  const missing = (name: string, message: string) =>
    context.addIssue({ code: 'custom', path: [prefix + name], message });
  if (identity.method === 'approle' && !identity.roleId)
    missing('VAULT_ROLE_ID', 'is not set: AppRole needs both halves');
  if (identity.method === 'approle' && !identity.secretId)
    missing('VAULT_SECRET_ID', 'is not set: AppRole needs both halves');
  if (env.VAULT_SECRET_ID && env.VAULT_SECRET_ID_FILE)
    missing('VAULT_SECRET_ID', `is set and ${prefix}VAULT_SECRET_ID_FILE too; keep one`);
  if (identity.method === 'token' && !identity.token)
    missing(
      'VAULT_ROLE_ID',
      `nothing says who this process is: set ${prefix}VAULT_ROLE_ID and ${prefix}VAULT_SECRET_ID or ${prefix}VAULT_SECRET_ID_FILE, or ${prefix}VAULT_KUBERNETES_ROLE, or ${prefix}VAULT_TOKEN in development`,
    );
}

export const azureSettings = z
  .object({
    AZURE_VAULT_URL: required('the URL of the vault, for example https://myvault.vault.azure.net').pipe(
      url(/^https$/, 'https://myvault.vault.azure.net'),
    ),
  })
  .transform((env): KeyVaultSettings => ({ vaultUrl: env.AZURE_VAULT_URL }));

export const azureWriterSettings = z
  .object({ WRITER_AZURE_CLIENT_ID: required('the client ID of the identity that writes secrets') })
  .transform((env) => ({ clientId: env.WRITER_AZURE_CLIENT_ID }));

export const fileSettings = z
  .object({ SECRETS_DIR: required('the directory that holds database.json, jwt.json, openai.json') })
  .transform((env) => ({ directory: env.SECRETS_DIR }));

/** Names are those that Dapr's own SDKs use; the component is named as in its own examples. */
export const daprSettings = z
  .object({
    DAPR_HTTP_ENDPOINT: z
      .string()
      .default('http://127.0.0.1:3500')
      .pipe(url(/^https?$/, 'http://127.0.0.1:3500')),
    DAPR_SECRET_STORE: z.string().default('secretstore'),
    DAPR_API_TOKEN: z.string().optional(),
  })
  .transform((env) => ({
    endpoint: env.DAPR_HTTP_ENDPOINT,
    component: env.DAPR_SECRET_STORE,
    apiToken: env.DAPR_API_TOKEN,
  }));
