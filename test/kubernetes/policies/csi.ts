/** What the CSI driver fetches, as whom. Its parameters are text, which nobody checks before a pod starts. */
import { parse } from 'yaml';
import { secretName } from '../../../src/secrets/names.ts';
import { environment, type Overlay, ofKind, one, type Policy, service } from '../overlay.ts';

interface SecretProviderClass {
  spec: { provider: string; parameters: Record<string, string> };
}

const classes = (overlay: Overlay) => ofKind<SecretProviderClass>(overlay, 'SecretProviderClass');

/** The parameters of each provider that we use, as its source reads them. */
const PARAMETERS: Record<string, string[]> = {
  // https://github.com/aws/secrets-store-csi-driver-provider-aws/blob/main/server/server.go
  aws: ['region', 'objects'],
  // https://github.com/Azure/secrets-store-csi-driver-provider-azure/blob/v1.8.2/pkg/provider/types/types.go
  azure: ['keyvaultName', 'tenantID', 'clientID', 'objects'],
  // https://github.com/hashicorp/vault-csi-provider/blob/v1.7.4/internal/config/config.go
  vault: ['vaultAddress', 'vaultCACertPath', 'roleName', 'audience', 'objects'],
};

/** What each provider calls the secret. */
const NAMES: Record<string, string> = { aws: 'objectName', azure: 'objectName', vault: 'secretPath' };

const objectsOf = ({ spec: { provider, parameters } }: SecretProviderClass): Record<string, string>[] => {
  const objects = parse(parameters.objects ?? '');
  return provider === 'azure' ? objects.array.map((text: string) => parse(text)) : objects;
};

export const policies: Policy[] = [
  {
    title: 'the CSI provider knows every parameter, and its pod names the class',
    violations: (overlay) =>
      classes(overlay).filter(({ metadata, spec: { provider, parameters } }) => {
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
      classes(overlay).flatMap((found) => {
        const { provider } = found.spec;
        const names = (['database', 'jwt', 'openai'] as const).map((id) => {
          const name = secretName(id, { provider, prefix: 'myapp' });
          return provider === 'vault' ? `secret/data/${name}` : name;
        });
        const objects = objectsOf(found);
        const isFixed = objects.some((object) => 'objectVersion' in object);
        const fetched = objects.map((object) => object[NAMES[provider] ?? '']);
        return !isFixed && fetched.join() === names.join() ? [] : [objects];
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
      classes(overlay).filter(({ spec: { parameters } }) => {
        const [job] = overlay.objects.filter(({ kind }) => kind === 'ConfigMap');
        if (!job) return true;
        const variables = environment(overlay, service(overlay));
        const account = one(overlay, 'ServiceAccount', 'myapp').metadata.annotations ?? {};
        const agrees = (parameter: string | undefined, other: string | undefined) =>
          parameter === undefined || parameter === other;
        const host = variables.AZURE_VAULT_URL && new URL(variables.AZURE_VAULT_URL).hostname.split('.')[0];
        return !(
          agrees(parameters.region, variables.AWS_REGION) &&
          agrees(parameters.vaultAddress, variables.VAULT_ADDR) &&
          agrees(parameters.roleName, service(overlay).pod.serviceAccountName) &&
          agrees(parameters.keyvaultName, host) &&
          agrees(parameters.clientID, account['azure.workload.identity/client-id']) &&
          agrees(parameters.tenantID, account['azure.workload.identity/tenant-id'])
        );
      }),
    mutate(overlay) {
      one<SecretProviderClass>(overlay, 'SecretProviderClass').spec.parameters.region = 'us-east-1';
    },
    mutated: 'aws-csi',
  },
];
