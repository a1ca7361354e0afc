/** Key Vault's server, for remedies and for the doctor. */
import type { Server } from '../../backend.ts';

export const serverAt = (address: string): Server => ({
  service: 'Key Vault',
  address,
  setting: 'AZURE_VAULT_URL',
  authorities: 'NODE_EXTRA_CA_CERTS',
});
