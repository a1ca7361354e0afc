/**
 * The baseline of the cold start: an Express app that imports the same libraries as the service, reads the same three
 * secrets at once and listens. Plain JavaScript, without checks.
 */
import express from 'express';
import 'express-rate-limit';
import helmet from 'helmet';
import 'jsonwebtoken';
import 'openai';
import 'pg';
import { pino } from 'pino';
import { pinoHttp } from 'pino-http';
import 'zod';

const read = {
  async vault() {
    const { default: nodeVault } = await import('node-vault');
    const vault = nodeVault({ endpoint: process.env.VAULT_ADDR });
    await vault.approleLogin({ role_id: process.env.VAULT_ROLE_ID, secret_id: process.env.VAULT_SECRET_ID });
    return Promise.all(['database', 'jwt', 'openai'].map((name) => vault.read(`secret/data/myapp/${name}`)));
  },
  async aws() {
    const { GetSecretValueCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
    const client = new SecretsManagerClient();
    return Promise.all(
      ['database', 'jwt', 'openai'].map((name) =>
        client.send(new GetSecretValueCommand({ SecretId: `myapp/${name}` })),
      ),
    );
  },
  async azure() {
    const { DefaultAzureCredential } = await import('@azure/identity');
    const { SecretClient } = await import('@azure/keyvault-secrets');
    const client = new SecretClient(process.env.AZURE_VAULT_URL ?? '', new DefaultAzureCredential(), {
      disableChallengeResourceVerification: true,
    });
    return Promise.all(['database', 'jwt', 'openai'].map((name) => client.getSecret(`myapp-${name}`)));
  },
  async file() {
    const { readFile } = await import('node:fs/promises');
    return Promise.all(
      ['database', 'jwt', 'openai'].map((name) =>
        readFile(`${process.env.SECRETS_DIR}/${name}.json`, 'utf8'),
      ),
    );
  },
};

await read[process.env.SECRET_PROVIDER ?? '']?.();
const logger = pino();
const app = express();
app.use(pinoHttp({ logger }), helmet(), express.json());
app.listen(Number(process.env.PORT), '127.0.0.1', () => logger.info('listening'));
