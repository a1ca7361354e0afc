/** The CSI driver's secrets and identity. Its parameters are text, which is not validated before a pod starts. */
import { getBackend } from '../../../src/secrets/providers/registry.ts';
import { environment, one, type Policy, service } from '../overlay.ts';
import { fetchedBy, type SecretProviderClass, secretProviderClasses } from '../secret-provider-class.ts';

/** The parameters of each provider that we use, as its source reads them. */
const PARAMETERS: Record<string, string[]> = {
  // https://github.com/aws/secrets-store-csi-driver-provider-aws/blob/main/server/server.go
  aws: ['region', 'objects'],
  // https://github.com/Azure/secrets-store-csi-driver-provider-azure/blob/v1.8.2/pkg/provider/types/types.go
  azure: ['keyvaultName', 'tenantID', 'clientID', 'objects'],
  // https://github.com/hashicorp/vault-csi-provider/blob/v1.7.4/internal/config/config.go
  vault: ['vaultAddress', 'vaultCACertPath', 'roleName', 'audience', 'objects'],
};

export const policies: Policy[] = [
  {
    title: 'the CSI provider knows every parameter, and its pod names the class',
    violations: (overlay) =>
      secretProviderClasses(overlay).filter(({ metadata, spec: { provider, parameters } }) => {
        const mounted = service(overlay).pod.volumes?.find(({ csi }) => csi)?.csi?.volumeAttributes;
        const isKnown = Object.keys(parameters).sort().join() === PARAMETERS[provider]?.toSorted().join();
        return !isKnown || mounted?.secretProviderClass !== metadata.name;
      }),
    mutate(overlay) {
      one<SecretProviderClass>(overlay, 'SecretProviderClass').spec.parameters.keyVaultName = 'myvault';
    },
    mutated: 'azure-csi',
  },
  {
    title: 'it fetches by the names that the service would use, and no fixed version',
    violations: (overlay) =>
      secretProviderClasses(overlay).flatMap((found) => {
        const { provider } = found.spec;
        const names = (['database', 'jwt', 'openai'] as const).map((id) => {
          const name = getBackend(provider).nameOf('myapp', id);
          return provider === 'vault' ? `secret/data/${name}` : name;
        });
        const fetched = fetchedBy(found);
        const isFixed = fetched.some(({ version }) => version !== undefined);
        return !isFixed && fetched.map(({ name }) => name).join() === names.join() ? [] : [fetched];
      }),
    mutate(overlay) {
      const { parameters } = one<SecretProviderClass>(overlay, 'SecretProviderClass').spec;
      parameters.objects = parameters.objects?.replace('secret/data/', 'secret/') ?? '';
    },
    mutated: 'vault-csi',
  },
  {
    title: 'region, vault and client are those of the other manifests',
    violations: (overlay) =>
      secretProviderClasses(overlay).filter(({ spec: { parameters } }) => {
        const { AWS_REGION, AZURE_VAULT_URL, VAULT_ADDR } = environment(overlay, service(overlay));
        const account = one(overlay, 'ServiceAccount', 'myapp').metadata.annotations ?? {};
        const expected: Record<string, string | undefined> = {
          region: AWS_REGION,
          vaultAddress: VAULT_ADDR,
          roleName: service(overlay).pod.serviceAccountName,
          keyvaultName: AZURE_VAULT_URL && new URL(AZURE_VAULT_URL).hostname.split('.')[0],
          clientID: account['azure.workload.identity/client-id'],
          tenantID: account['azure.workload.identity/tenant-id'],
        };
        return Object.entries(expected).some(
          ([name, value]) => parameters[name] !== undefined && parameters[name] !== value,
        );
      }),
    mutate(overlay) {
      one<SecretProviderClass>(overlay, 'SecretProviderClass').spec.parameters.region = 'us-east-1';
    },
    mutated: 'aws-csi',
  },
];
