/**
 * The sandbox's Azure Key Vault as a service, with the name and the certificate of a vault. It keeps secrets and tokens
 * over a restart, as Azure does.
 */
import { readFileSync } from 'node:fs';
import { startAzureKeyVault } from '../../sandbox/azure-key-vault.ts';
import type { Grant } from '../../sandbox/azure-managed-identity.ts';
import type { StoredSecret } from '../../sandbox/azure-secrets.ts';
import { openSavedMap } from './saved-map.ts';

const pem = (path: string) => readFileSync(path, 'utf8');

const { close } = await startAzureKeyVault({
  directory: '/tmp',
  mayRead: (name) => /^myapp-(database|jwt|openai)$/.test(name),
  host: '0.0.0.0',
  port: 8443,
  certificates: {
    caFile: '/authority/ca.pem',
    ca: pem('/authority/ca.pem'),
    key: pem('/tls/key.pem'),
    cert: pem('/tls/cert.pem'),
  },
  stored: openSavedMap<StoredSecret>('/key-vault/secrets.json'),
  identity: {
    host: '0.0.0.0',
    port: 8080,
    header: process.env.IDENTITY_HEADER,
    administrator: process.env.ADMINISTRATOR_CLIENT_ID,
    tokens: openSavedMap<Grant>('/key-vault/tokens.json'),
  },
});
process.once('SIGTERM', close);
