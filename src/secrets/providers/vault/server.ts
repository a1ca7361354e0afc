/** Vault's server, for remedies and for the doctor. */
import type { Server } from '../../backend.ts';

export const serverAt = (address: string): Server => ({
  service: 'Vault',
  address,
  setting: 'VAULT_ADDR',
  authorities: 'VAULT_CACERT',
});
