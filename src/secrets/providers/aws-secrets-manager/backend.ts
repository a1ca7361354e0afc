/** AWS Secrets Manager as the rest of the program knows it. */
import { z } from 'zod';
import { configure, type Environment, notes, optional, required, variablesOf } from '../../../variables.ts';
import { afterCheck, type Backend, slashed, TTL } from '../../backend.ts';
import type { AwsSettings } from './client.ts';

/** The SDK reads most of these by itself. https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html */
const platform = { unlisted: true, identifies: true } as const;
const reader = z.object({
  AWS_REGION: required('the region of the secrets, for example eu-central-1').register(notes, {
    description: 'Region of the secrets, for example eu-central-1.',
  }),
  AWS_CONTAINER_CREDENTIALS_FULL_URI: optional({ description: 'Set by EKS Pod Identity.', ...platform }),
  AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: optional({ description: 'Set by ECS.', ...platform }),
  AWS_ROLE_ARN: optional({ description: 'Set by IRSA.', ...platform }),
  AWS_WEB_IDENTITY_TOKEN_FILE: optional({ description: 'Set by IRSA.', ...platform }),
  AWS_PROFILE: optional({ description: 'A profile of a workstation.', ...platform }),
  AWS_ACCESS_KEY_ID: optional({ description: 'Half of an access key.', ...platform }),
  AWS_SECRET_ACCESS_KEY: optional({ description: 'Half of an access key.', ...platform }),
  AWS_SESSION_TOKEN: optional({ description: 'Third part of a temporary access key.', ...platform }),
  AWS_ENDPOINT_URL: optional({ description: 'Replaces the address of every AWS service.', unlisted: true }),
  AWS_ENDPOINT_URL_SECRETS_MANAGER: optional({
    description: 'Replaces the address of Secrets Manager.',
    unlisted: true,
  }),
});

const writer = z.object({
  WRITER_AWS_ROLE_ARN: required('the role to assume for writing secrets').register(notes, {
    description: 'Role to assume for writing.',
    identifies: true,
  }),
});

const settingsOf = (env: z.infer<typeof reader>): AwsSettings => ({
  region: env.AWS_REGION,
  credentialsEndpoint: env.AWS_CONTAINER_CREDENTIALS_FULL_URI ?? env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI,
});

const createProvider = async (settings: AwsSettings) =>
  (await import('./provider.ts')).createAwsSecretsManager(settings);

export const aws: Backend = {
  name: 'aws',
  title: 'AWS Secrets Manager',
  identity: "the SDK's default chain: role, IRSA, Pod Identity",
  separator: '/',
  nameOf: slashed,
  hasFieldSecrets: false,
  ttl: TTL,
  propagation: afterCheck,
  variables: variablesOf(reader),
  endpoint,
  configure: (environment) =>
    configure(reader, environment, (env) => ({
      location: { name: `the region ${env.AWS_REGION}`, settings: 'AWS_REGION' },
      create: () => createProvider(settingsOf(env)),
      describeIdentity: async () => (await import('./identity.ts')).describeAwsIdentity(env.AWS_REGION),
    })),
  writer: {
    variables: variablesOf(writer),
    configure: (environment) =>
      configure(reader.extend(writer.shape), environment, (env) => ({
        create: () => createProvider({ ...settingsOf(env), roleArn: env.WRITER_AWS_ROLE_ARN }),
      })),
  },
};

/** As the SDK chooses it. */
function endpoint(env: Environment) {
  const { AWS_REGION: region } = env;
  const setting =
    ['AWS_ENDPOINT_URL_SECRETS_MANAGER', 'AWS_ENDPOINT_URL'].find((name) => env[name]) ?? 'AWS_REGION';
  const domain = region?.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const address =
    setting === 'AWS_REGION' ? region && `https://secretsmanager.${region}.${domain}` : env[setting];
  return address
    ? { service: 'AWS Secrets Manager', address, setting, authorities: 'NODE_EXTRA_CA_CERTS', path: '/' }
    : undefined;
}
