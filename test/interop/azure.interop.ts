/**
 * Azure Key Vault: the contract and a rotation under load, against the vault at INTEROP_AZURE_VAULT_URL, such
 * as Lowkey Vault's. Tokens come from IDENTITY_ENDPOINT with IDENTITY_HEADER, trust from NODE_EXTRA_CA_CERTS;
 * INTEROP_AZURE_API_VERSION is the newest version that the vault supports, when it is older than the SDK's.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { DefaultAzureCredential } from '@azure/identity';
import { SecretClient } from '@azure/keyvault-secrets';
import { createAzureKeyVault } from '../../src/secrets/providers/azure-key-vault/provider.ts';
import { describeProvider } from '../secrets/providers/contract.ts';
import { startApiVersionRelay } from './api-version-relay.ts';
import { describeRotation } from './rotation-under-load.ts';

/** https://github.com/nagyesta/lowkey-vault */
const DEVIATIONS = {
  'a forbidden secret is denied': 'Lowkey Vault has no roles and no access policies',
  'unknown credentials are an identity error': 'Lowkey Vault accepts any token',
  'the reader is refused to write': 'Lowkey Vault has no roles: reader and writer are the same here',
};

const { INTEROP_AZURE_VAULT_URL, INTEROP_AZURE_API_VERSION } = process.env;
if (INTEROP_AZURE_VAULT_URL) describeAzure(await reach(INTEROP_AZURE_VAULT_URL, INTEROP_AZURE_API_VERSION));
else it('Azure Key Vault', { skip: 'INTEROP_AZURE_VAULT_URL is not set' });

function describeAzure(environment: { AZURE_VAULT_URL: string } & Record<string, string>) {
  const { AZURE_VAULT_URL: vaultUrl } = environment;
  const prefix = `interop-${randomBytes(4).toString('hex')}`;
  Object.assign(process.env, environment);

  describeProvider(
    'Azure Key Vault, interop',
    async () => ({
      provider: createAzureKeyVault({ vaultUrl }),
      writer: createAzureKeyVault({ vaultUrl }),
      nameOf: (secret) => `${prefix}-${secret}`,
      ...createAdministrator(vaultUrl),
      forbidden: `${prefix}-other-secret`,
      unreachable: async () => createAzureKeyVault({ vaultUrl: 'https://127.0.0.1:1' }),
      async close() {},
    }),
    DEVIATIONS,
  );

  describeRotation({
    provider: 'azure',
    prefix,
    start: async () => ({ environment, put: createAdministrator(vaultUrl).put, async close() {} }),
  });
}

function createAdministrator(vaultUrl: string) {
  const client = new SecretClient(vaultUrl, new DefaultAzureCredential(), {
    // The challenge of a vault on loopback names another domain than the vault's.
    disableChallengeResourceVerification: true,
  });
  return {
    async put(name: string, value: string) {
      await client.setSecret(name, value);
    },
    /** Deletes it so that it can be recovered: Lowkey Vault treats a disabled secret as missing. */
    async disable(name: string) {
      await (await client.beginDeleteSecret(name)).pollUntilDone();
    },
  };
}

/** Variables with which the service reaches the vault, through a relay when it supports only another version. */
async function reach(vaultUrl: string, apiVersion: string | undefined) {
  const environment = {
    AZURE_VAULT_URL: vaultUrl,
    AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential',
    ...inherited('IDENTITY_ENDPOINT', 'IDENTITY_HEADER', 'NODE_EXTRA_CA_CERTS'),
  };
  if (!apiVersion) return environment;
  const directory = await mkdtemp(join(tmpdir(), 'azure-interop-'));
  const relay = await startApiVersionRelay({ directory, vaultUrl, apiVersion });
  after(async () => {
    await relay.close();
    await rm(directory, { recursive: true });
  });
  // NODE_EXTRA_CA_CERTS is read at process start, which is over.
  setDefaultCACertificates([...getCACertificates('default'), relay.ca]);
  return { ...environment, AZURE_VAULT_URL: relay.url, NODE_EXTRA_CA_CERTS: relay.caFile };
}

/** The variables that are set. */
function inherited(...names: string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value ? [[name, value]] : [];
    }),
  );
}
