/** Azure Key Vault as the rest of the program knows it. */
import { z } from 'zod';
import { configure, notes, optional, required, url, variablesOf } from '../../../variables.ts';
import { afterCheck, type Backend, slashed, TTL } from '../../backend.ts';
import type { KeyVaultSettings } from './client.ts';
import { serverAt } from './server.ts';

/** The SDK reads all but the first by itself. https://learn.microsoft.com/javascript/api/overview/azure/identity-readme */
const platform = { unlisted: true, identifies: true } as const;
const reader = z.object({
  AZURE_VAULT_URL: required('the URL of the vault, for example https://myvault.vault.azure.net')
    .pipe(url(/^https$/, 'https://myvault.vault.azure.net'))
    .register(notes, { description: 'URL of the vault, for example https://myvault.vault.azure.net.' }),
  AZURE_CLIENT_ID: optional({
    description: 'Client ID of a user-assigned managed identity or a workload identity.',
    identifies: true,
  }),
  AZURE_TOKEN_CREDENTIALS: optional({
    description:
      'The kind of identity, for example ManagedIdentityCredential, which saves the search for it.',
  }),
  AZURE_TENANT_ID: optional({ description: 'Set by workload identity.', ...platform }),
  AZURE_FEDERATED_TOKEN_FILE: optional({ description: 'Set by workload identity.', ...platform }),
  AZURE_AUTHORITY_HOST: optional({ description: 'Set by workload identity.', ...platform }),
  AZURE_CLIENT_SECRET: optional({ description: 'Secret of an app registration.', ...platform }),
  IDENTITY_ENDPOINT: optional({ description: 'Set by App Service and Container Apps.', ...platform }),
  IDENTITY_HEADER: optional({ description: 'Set by App Service and Container Apps.', ...platform }),
});

const writer = z.object({
  WRITER_AZURE_CLIENT_ID: required('the client ID of the identity that writes secrets').register(notes, {
    description: 'Client ID of the identity that writes.',
    identifies: true,
  }),
});

const createProvider = async (settings: KeyVaultSettings) =>
  (await import('./provider.ts')).createAzureKeyVault(settings);

/** Names have no slash. */
const hyphenated = (prefix: string, id: string) => slashed(prefix, id).replaceAll('/', '-');

export const azure: Backend = {
  name: 'azure',
  title: 'Azure Key Vault',
  identity: '`DefaultAzureCredential`: managed or workload identity',
  separator: '-',
  nameOf: hyphenated,
  hasFieldSecrets: true,
  ttl: TTL,
  propagation: afterCheck,
  variables: variablesOf(reader),
  endpoint: ({ AZURE_VAULT_URL: address }) =>
    address ? { ...serverAt(address), path: '/secrets?api-version=7.4' } : undefined,
  configure: (environment) =>
    configure(reader, environment, ({ AZURE_VAULT_URL: vaultUrl }) => ({
      location: { name: `the vault ${vaultUrl}`, settings: 'AZURE_VAULT_URL' },
      create: () => createProvider({ vaultUrl }),
      describeIdentity: async () => (await import('./identity.ts')).describeAzureIdentity(),
    })),
  writer: {
    variables: variablesOf(writer),
    configure: (environment) =>
      configure(reader.extend(writer.shape), environment, (env) => ({
        create: () => createProvider({ vaultUrl: env.AZURE_VAULT_URL, clientId: env.WRITER_AZURE_CLIENT_ID }),
      })),
  },
};
