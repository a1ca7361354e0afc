/** The sandbox's Azure Key Vault as a service, by the name and with the certificate of a vault. It keeps all in memory. */
import { readFileSync } from 'node:fs';
import { startAzureKeyVault } from '../../sandbox/azure-key-vault.ts';

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
  identity: {
    host: '0.0.0.0',
    port: 8080,
    header: process.env.IDENTITY_HEADER,
    administrator: process.env.ADMINISTRATOR_CLIENT_ID,
  },
});
process.once('SIGTERM', close);
