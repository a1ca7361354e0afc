import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAwsSecretsManager } from '../../../sandbox/aws-secrets-manager.ts';
import { createAwsSecretsManager } from '../../../src/secrets/providers/aws-secrets-manager/provider.ts';
import { describeProvider } from './contract.ts';

describeProvider('AWS Secrets Manager', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'aws-secrets-manager-'));
  const backend = await startAwsSecretsManager({ directory, mayRead: (name) => name.startsWith('myapp/') });
  await backend.put('other/secret', '{"n":"1"}');
  Object.assign(process.env, backend.environment);
  const provider = createAwsSecretsManager({ region: backend.environment.AWS_REGION });

  /** Creates the provider with a changed environment: the SDK reads it once. */
  const providerWith = async (environment: Record<string, string>) => {
    const saved = { ...process.env };
    Object.assign(process.env, environment);
    const other = createAwsSecretsManager({ region: backend.environment.AWS_REGION });
    await other.read('myapp/any').catch(() => {});
    process.env = saved;
    return other;
  };

  return {
    provider,
    nameOf: (secret) => `myapp/${secret}`,
    put: backend.put,
    disable: backend.remove,
    forbidden: 'other/secret',
    writer: createAwsSecretsManager({
      region: backend.environment.AWS_REGION,
      roleArn: backend.environment.WRITER_AWS_ROLE_ARN,
    }),
    unreachable: () => providerWith({ AWS_ENDPOINT_URL_SECRETS_MANAGER: 'http://127.0.0.1:1' }),
    impostor: () => providerWith({ AWS_ACCESS_KEY_ID: 'AKIAUNKNOWN', AWS_SECRET_ACCESS_KEY: 'unknown' }),
    faults: backend.faults,
    async close() {
      await backend.close();
      await rm(directory, { recursive: true });
    },
  };
});
