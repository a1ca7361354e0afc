/**
 * Vault or OpenBao: the contract and a rotation under load, against the server at INTEROP_VAULT_ADDR, with
 * the administrator's INTEROP_VAULT_TOKEN; and whether the stand-in answers as that server does.
 */
import { it } from 'node:test';
import type { VaultAuth } from '../../src/secrets/providers/vault/login.ts';
import { createVault } from '../../src/secrets/providers/vault/provider.ts';
import { describeProvider } from '../secrets/providers/contract.ts';
import { describeRotation } from './rotation-under-load.ts';
import { createVaultAdministrator } from './vault-administrator.ts';
import { describeLikeness } from './vault-likeness.ts';

const { INTEROP_VAULT_ADDR: address, INTEROP_VAULT_TOKEN: token } = process.env;
if (address && token) await describeVault(address, token);
else it('Vault', { skip: 'INTEROP_VAULT_ADDR and INTEROP_VAULT_TOKEN are not set' });

async function describeVault(address: string, token: string) {
  const administrator = await createVaultAdministrator({ address, token });
  const { prefix, appRole, writerRole, put, remove } = administrator;
  const providerAs = async (auth: VaultAuth) => createVault({ address, auth });

  const identities: [label: string, auth: () => Promise<VaultAuth>, impostor: VaultAuth][] = [
    [
      'token',
      async () => ({ method: 'token', token: await administrator.createToken() }),
      { method: 'token', token: 'hvs.unknown' },
    ],
    ['AppRole', async () => appRole, { ...appRole, secretId: 'unknown' }],
  ];
  for (const [label, authenticate, impostor] of identities)
    describeProvider(`Vault with ${label}, interop`, async () => {
      const auth = await authenticate();
      await put(`${prefix}-other/secret`, '{"n":"1"}');
      return {
        provider: await providerAs(auth),
        writer: await providerAs(writerRole),
        nameOf: (secret) => `${prefix}/${label}/${secret}`,
        put,
        disable: remove,
        forbidden: `${prefix}-other/secret`,
        unreachable: async () => createVault({ address: 'http://127.0.0.1:1', auth }),
        impostor: () => providerAs(impostor),
        async close() {},
      };
    });

  describeLikeness({ address, administrator });

  describeRotation({
    provider: 'vault',
    prefix,
    start: async () => ({
      environment: {
        VAULT_ADDR: address,
        VAULT_ROLE_ID: appRole.roleId,
        VAULT_SECRET_ID: appRole.secretId,
      },
      put,
      async close() {},
    }),
  });
}
