/** Where each backend is, as far as the environment alone tells: for a look at the network before anything else. */
import { readFileSync } from 'node:fs';
import type { Endpoint } from '../../secrets/providers/no-answer.ts';

export interface ReachableEndpoint extends Endpoint {
  /** What answers any caller, without a login. */
  path: string;
  /** In PEM: the only authorities to trust. Default: Node's. */
  ca?: string;
}

type Environment = NodeJS.ProcessEnv;

const ENDPOINTS: Record<
  string,
  (environment: Environment) => Omit<ReachableEndpoint, 'address'> & { address: string | undefined }
> = {
  aws: (env) => ({
    service: 'AWS Secrets Manager',
    ...awsAddress(env),
    authorities: 'NODE_EXTRA_CA_CERTS',
    path: '/',
  }),
  vault: (env) => ({
    service: 'Vault',
    address: env.VAULT_ADDR,
    setting: 'VAULT_ADDR',
    authorities: 'VAULT_CACERT',
    path: '/v1/sys/health',
    ...(env.VAULT_CACERT && { ca: readFileSync(env.VAULT_CACERT, 'utf8') }),
  }),
  azure: (env) => ({
    service: 'Azure Key Vault',
    address: env.AZURE_VAULT_URL,
    setting: 'AZURE_VAULT_URL',
    authorities: 'NODE_EXTRA_CA_CERTS',
    path: '/secrets?api-version=7.4',
  }),
  dapr: (env) => ({
    service: 'Dapr',
    address: env.DAPR_HTTP_ENDPOINT,
    setting: 'DAPR_HTTP_ENDPOINT',
    authorities: 'NODE_EXTRA_CA_CERTS',
    path: '/v1.0/healthz',
  }),
};

export const isOnNetwork = (provider: string | undefined) => provider === undefined || provider in ENDPOINTS;

/** Undefined where the backend is on no network, or nothing says where. @throws Error when VAULT_CACERT cannot be read */
export function endpointOf(
  provider: string | undefined,
  environment: Environment,
): ReachableEndpoint | undefined {
  const endpoint = ENDPOINTS[provider ?? '']?.(environment);
  const { address } = endpoint ?? {};
  return endpoint && address && URL.canParse(address) ? { ...endpoint, address } : undefined;
}

/** As the SDK chooses it. */
function awsAddress({ AWS_REGION: region, ...env }: Environment) {
  for (const setting of ['AWS_ENDPOINT_URL_SECRETS_MANAGER', 'AWS_ENDPOINT_URL'])
    if (env[setting]) return { setting, address: env[setting] };
  const domain = region?.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return { setting: 'AWS_REGION', address: region && `https://secretsmanager.${region}.${domain}` };
}
