/** HashiCorp Vault, or OpenBao, as the rest of the program knows it. */
import { configure, type Environment, variablesOf } from '../../../variables.ts';
import { afterCheck, type Backend, slashed, TTL } from '../../backend.ts';
import { serverAt } from './server.ts';
import { reader, readerSettings, writer, writerSettings } from './settings.ts';

export const vault: Backend = {
  name: 'vault',
  title: 'HashiCorp Vault',
  identity:
    '`VAULT_KUBERNETES_ROLE`, or `VAULT_ROLE_ID` and `VAULT_SECRET_ID` or `VAULT_SECRET_ID_FILE`, or `VAULT_TOKEN` in development',
  separator: '/',
  nameOf: slashed,
  hasFieldSecrets: false,
  ttl: TTL,
  propagation: afterCheck,
  variables: variablesOf(reader),
  endpoint: ({ VAULT_ADDR, VAULT_CACERT }: Environment) =>
    VAULT_ADDR ? { ...serverAt(VAULT_ADDR), path: '/v1/sys/health', certificates: VAULT_CACERT } : undefined,
  configure: (environment) =>
    configure(readerSettings, environment, (settings) => ({
      location: {
        name: `the mount ${settings.mount}${settings.namespace ? ` of the namespace ${settings.namespace}` : ''} at ${settings.address}`,
        settings: 'VAULT_ADDR, VAULT_KV_MOUNT, VAULT_NAMESPACE',
      },
      create: async (clock) => (await import('./provider.ts')).createVault(settings, clock && { clock }),
      describeIdentity: async () => (await import('./identity.ts')).describeVaultIdentity(settings),
    })),
  writer: {
    variables: variablesOf(writer),
    configure: (environment) =>
      configure(writerSettings, environment, (settings) => ({
        create: async (clock) => (await import('./provider.ts')).createVault(settings, clock && { clock }),
      })),
  },
};
