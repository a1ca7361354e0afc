/** What a person is told when Azure Key Vault gives no secret: what happened, and what to check or grant. */
import { SecretError, type SecretErrorCode, type SecretErrorOptions } from '../../errors.ts';
import type { Stage } from '../provider.ts';

export const READER = 'Key Vault Secrets User';
export const WRITER = 'Key Vault Secrets Officer';

/** What a call wants, so that an error can say what to create or grant. */
export interface Purpose {
  vaultUrl: string;
  name: string;
  /** The role that the call needs. Default `READER`. */
  role?: string;
}

const vaultName = (vaultUrl: string) => new URL(vaultUrl).hostname.replace(/\..*/, '');

export const keyVaultError = (
  code: SecretErrorCode,
  purpose: Purpose,
  origin: Omit<SecretErrorOptions, 'remedy'> = {},
) => new SecretError(code, MESSAGES[code](purpose.name), { remedy: remedy(code, purpose), ...origin });

/** Neither the JSON secret exists nor one of those named after its fields. */
export const absent = (purpose: Purpose, fieldNames: string[]) => {
  if (fieldNames.length === 0) return keyVaultError('not-found', purpose);
  const { name, vaultUrl } = purpose;
  return new SecretError('not-found', `${MESSAGES['not-found'](name)}, nor any of its fields`, {
    remedy: `Create ${name} in ${vaultUrl} with all fields as one JSON object, or one secret per field (${fieldNames.join(', ')}); or correct AZURE_VAULT_URL, SECRET_PREFIX or the name override.`,
  });
};

export const deleted = ({ name, vaultUrl }: Purpose) =>
  new SecretError('disabled', `${name} is deleted and can be recovered`, {
    remedy: `Recover it: az keyvault secret recover --vault-name ${vaultName(vaultUrl)} --name ${name}`,
  });

/** For a secret that may well be missing: undefined instead of that one error. */
export const ignoreNotFound = (error: SecretError): undefined => {
  if (error.code !== 'not-found') throw error;
};

export const withoutStage = (name: string, stage: Stage) =>
  new SecretError('not-found', `${name} has no ${stage} version in Azure Key Vault`, {
    remedy:
      stage === 'pending'
        ? 'Nothing to mend: Key Vault has no pending versions, a new version is current at once.'
        : `Nothing to mend unless ${name} has been rotated: then check that its older version is enabled.`,
  });

const MESSAGES: Record<SecretErrorCode, (name: string) => string> = {
  'not-found': (name) => `Azure Key Vault has no secret ${name}`,
  denied: (name) => `Azure Key Vault refuses access to ${name}`,
  identity: (name) => `This process has no identity that Azure Key Vault accepts (asking for ${name})`,
  disabled: (name) => `${name} is disabled, or deleted and recoverable`,
  conflict: (name) => `Somebody else has written ${name} meanwhile`,
  throttled: (name) => `Azure Key Vault throttles requests (asking for ${name})`,
  unavailable: (name) => `Azure Key Vault gave no usable answer for ${name}`,
  invalid: (name) => `Azure Key Vault does not accept the name or value of ${name}`,
};

function remedy(code: SecretErrorCode, { vaultUrl, name, role = READER }: Purpose): string {
  const vault = vaultName(vaultUrl);
  const secret = `--vault-name ${vault} --name ${name}`;
  switch (code) {
    case 'not-found':
      return `Create the secret ${name} in ${vaultUrl}, or correct AZURE_VAULT_URL, SECRET_PREFIX or the name override.`;
    case 'denied':
      return `Assign the role "${role}" to this process's identity, with the vault ${vault} as scope; a new assignment takes up to ten minutes. If the cause says ForbiddenByFirewall, allow this network in the vault.`;
    case 'identity':
      return 'Check that a managed identity is assigned to this workload and that AZURE_CLIENT_ID is its client ID (leave it out for the system-assigned one); on AKS check the federated credential; on a workstation run `az login`.';
    case 'disabled':
      return `Enable its current version: az keyvault secret set-attributes ${secret} --enabled true. If it is deleted: az keyvault secret recover ${secret}`;
    case 'conflict':
      return 'Look at what is there now, and write again if that is still wanted.';
    case 'throttled':
      return 'Wait; if it goes on, raise the TTL or look for another caller that uses up the limit of the vault.';
    case 'unavailable':
      return `Check the network path to ${vaultUrl} and to the identity endpoint: DNS, proxy, private endpoint, trusted certificates (NODE_EXTRA_CA_CERTS).`;
    case 'invalid':
      return 'Names may contain letters, digits and hyphens only, 127 at most; a value has at most 25 KB.';
  }
}
