/** AWS Secrets Manager: the contract and a rotation under load, against INTEROP_AWS_ENDPOINT, for example moto's. */
import { randomBytes } from 'node:crypto';
import { it } from 'node:test';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { createAwsSecretsManager } from '../../src/secrets/providers/aws-secrets-manager/provider.ts';
import { describeProvider } from '../secrets/providers/contract.ts';
import { describeRotation } from './rotation-under-load.ts';

/** https://docs.getmoto.org/en/latest/docs/iam.html */
const DEVIATIONS = {
  'a forbidden secret is denied':
    'moto enforces no policy by default, and otherwise supports only the resource `*`: it cannot forbid one secret',
  'unknown credentials are an identity error':
    'moto accepts any key by default, and otherwise refuses in XML, which is not this protocol',
  'the reader is refused to write': 'moto enforces no policy: reader and writer are the same here',
};

const { INTEROP_AWS_ENDPOINT: endpoint } = process.env;
if (endpoint) describeAws(endpoint);
else it('AWS Secrets Manager', { skip: 'INTEROP_AWS_ENDPOINT is not set' });

function describeAws(endpoint: string) {
  const prefix = `interop-${randomBytes(4).toString('hex')}`;
  const environment = {
    AWS_REGION: 'eu-central-1',
    AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoint,
    AWS_ACCESS_KEY_ID: 'AKIAINTEROP',
    AWS_SECRET_ACCESS_KEY: 'interop',
  };
  Object.assign(process.env, environment);

  const createProvider = () => createAwsSecretsManager({ region: environment.AWS_REGION });

  describeProvider(
    'AWS Secrets Manager, interop',
    async () => {
      const administrator = createAdministrator(environment.AWS_REGION);
      return {
        provider: createProvider(),
        writer: createProvider(),
        nameOf: (secret) => `${prefix}/${secret}`,
        put: administrator.put,
        disable: administrator.remove,
        forbidden: `${prefix}-other/secret`,
        async unreachable() {
          // The SDK reads its endpoint once, on first use.
          process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER = 'http://127.0.0.1:1';
          const provider = createProvider();
          await provider.read('any').catch(() => {});
          process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER = endpoint;
          return provider;
        },
        close: administrator.close,
      };
    },
    DEVIATIONS,
  );

  describeRotation({
    provider: 'aws',
    prefix,
    async start() {
      const { put, close } = createAdministrator(environment.AWS_REGION);
      return { environment, put, close };
    },
  });
}

function createAdministrator(region: string) {
  const client = new SecretsManagerClient({ region });
  return {
    async put(name: string, value: string) {
      try {
        await client.send(new PutSecretValueCommand({ SecretId: name, SecretString: value }));
      } catch (error) {
        if (!(error instanceof ResourceNotFoundException)) throw error;
        await client.send(new CreateSecretCommand({ Name: name, SecretString: value }));
      }
    },
    async remove(name: string) {
      await client.send(new DeleteSecretCommand({ SecretId: name, RecoveryWindowInDays: 7 }));
    },
    close: async () => client.destroy(),
  };
}
