/** The places that can hold the secret of a connection: their fields in a configuration, and how to read from them. */
import { z } from 'zod';
import { requireAllowedArn, requireAllowedName, requireAllowedVault } from './allowed-names.ts';
import type { Component, Components } from './components.ts';
import { CredentialError } from './credential-error.ts';
import { readSecret } from './read-secret.ts';
import type { SecretData } from './secret-values.ts';

/** The built-in sources. `CredentialProviderFactory.register` adds others. */
export type CredentialSource = 'direct' | 'agent' | 'aws-secrets' | 'vault-secrets' | 'azure-secrets';

/** One secret holds all fields, or each field names a separate secret. */
export type SecretMode = 'multi-key' | 'single-key';

export type SecretLocation =
  | { mode: Extract<SecretMode, 'multi-key'>; name: string }
  | { mode: Extract<SecretMode, 'single-key'> };

export interface SourceContext {
  components: Components;
  /** AWS accounts that are allowed, as `region:account`. */
  awsPlaces: readonly string[];
  /** Azure Key Vaults that are allowed, as origins. */
  azureVaults: readonly string[];
  signal?: AbortSignal | undefined;
}

/** The fields of a configuration, already validated against the source's shape. */
type Fields = Readonly<Record<string, unknown>>;

export interface CredentialProvider {
  /** Its label on the page. */
  title: string;
  /** The fields that locate the secret. Each has a title and an example for the page. */
  fields: Record<string, z.ZodType<string | undefined>>;
  /** @param guid of the stored configuration, if it is stored. @throws CredentialError */
  locate(config: Fields, guid?: string): SecretLocation;
  /** @throws CredentialError when the secret is not allowed or cannot be read */
  read(name: string, config: Fields, context: SourceContext): Promise<SecretData>;
}

/** A field is text or missing: the shapes below allow nothing else. */
const textOf = (config: Fields, field: string) => config[field] as string | undefined;

const text = (title: string, example: string) =>
  z.string().max(2048).regex(/\S/, 'is empty').trim().meta({ title, description: example });
const optional = (title: string, example: string) =>
  text(title, example).optional().meta({ title, description: example });

/** A name from a request is read below the prefix only. */
function readBelowPrefix({ provider, prefix }: Component, name: string, { signal }: SourceContext) {
  requireAllowedName(name, prefix);
  return readSecret(provider, name, signal);
}

export const SOURCES: Record<CredentialSource, CredentialProvider> = {
  direct: {
    title: 'The secret backend of this service',
    fields: { 'secret-path': optional('Name of the secret', 'myapp/credentials/warehouse') },
    locate(config, guid) {
      const name = textOf(config, 'secret-path') ?? guid;
      if (name === undefined)
        throw new CredentialError(
          'invalid',
          'Missing fields: [secret-path]. It names the secret that holds the login. Values are not accepted here.',
        );
      return { mode: 'multi-key', name };
    },
    async read(name, config, context) {
      const { main } = context.components;
      // Without a path, the secret is named after the GUID.
      const path = textOf(config, 'secret-path') ?? `${main.prefix}${name}`;
      return readBelowPrefix(main, path, context);
    },
  },

  agent: {
    title: 'A secret store component',
    fields: {
      component: optional('Component', 'secretstore'),
      'secret-path': optional('Name of the secret (optional)', 'myapp/credentials/warehouse'),
    },
    locate(config) {
      const name = textOf(config, 'secret-path');
      return name === undefined ? { mode: 'single-key' } : { mode: 'multi-key', name };
    },
    async read(name, config, context) {
      return readBelowPrefix(await context.components.get(textOf(config, 'component')), name, context);
    },
  },

  'aws-secrets': {
    title: 'AWS Secrets Manager',
    fields: {
      secret_arn: text(
        'ARN of the secret',
        'arn:aws:secretsmanager:eu-central-1:123456789012:secret:myapp/credentials/warehouse-AbCdEf',
      ),
      region: optional('Region', 'eu-central-1'),
    },
    locate: ({ secret_arn }) => ({ mode: 'multi-key', name: String(secret_arn) }),
    async read(arn, config, { components, awsPlaces, signal }) {
      const { region, name } = requireAllowedArn(arn, awsPlaces);
      if ((config.region ?? region) !== region)
        throw new CredentialError('invalid', 'region differs from the region in secret_arn.');
      const { provider, prefix } = await components.getFor('aws', { AWS_REGION: region });
      requireAllowedName(name, prefix);
      return readSecret(provider, arn, signal);
    },
  },

  'vault-secrets': {
    title: 'HashiCorp Vault',
    fields: { path: text('Path of the secret below the KV mount', 'myapp/credentials/warehouse') },
    locate: ({ path }) => ({ mode: 'multi-key', name: String(path) }),
    async read(path, _config, context) {
      return readBelowPrefix(await context.components.get('vault'), path, context);
    },
  },

  'azure-secrets': {
    title: 'Azure Key Vault',
    fields: {
      vault_url: text('URL of the vault', 'https://myvault.vault.azure.net'),
      name: text('Name of the secret', 'myapp-credentials-warehouse'),
    },
    locate: ({ name }) => ({ mode: 'multi-key', name: String(name) }),
    async read(name, config, context) {
      const AZURE_VAULT_URL = requireAllowedVault(String(config.vault_url), context.azureVaults);
      return readBelowPrefix(await context.components.getFor('azure', { AZURE_VAULT_URL }), name, context);
    },
  },
};
