/** Messages for failures of Azure Key Vault: what happened, and what to check or grant. */
import { SecretError, type SecretErrorCode, type SecretErrorOptions } from '../../../errors.ts';
import type { Stage } from '../../provider.ts';
import { NOT_UNDERSTOOD, networkRemedy } from '../network/no-answer.ts';
import { isFromIdentity } from './sdk-error.ts';
import { serverAt } from './server.ts';

export const READER = 'Key Vault Secrets User';
export const WRITER = 'Key Vault Secrets Officer';

/** One call: its target and its role, from which an error says what to create or grant. */
export interface Purpose {
  vaultUrl: string;
  name: string;
  /** The role that the call needs. Default `READER`. */
  role?: string;
}

/** `az` takes the name of a vault in Azure, and the address of any other. */
const AZURE_DOMAIN = /\.vault\.(azure\.net|azure\.cn|usgovcloudapi\.net)$/;

function inAzure(vaultUrl: string): { vault: string; option: (name: string, area?: string) => string } {
  const { hostname, origin } = new URL(vaultUrl);
  const vault = hostname.replace(AZURE_DOMAIN, '');
  return vault === hostname
    ? { vault: origin, option: (name, area = 'secrets') => `--id ${origin}/${area}/${name}` }
    : { vault, option: (name) => `--vault-name ${vault} --name ${name}` };
}

/** The fields of a cause that select a remedy within its class. */
interface Cause {
  name?: string;
  code?: unknown;
  status?: number | undefined;
}

export const keyVaultError = (
  code: SecretErrorCode,
  purpose: Purpose,
  origin: Omit<SecretErrorOptions, 'remedy'> = {},
) =>
  new SecretError(code, MESSAGES[code](purpose.name), {
    remedy: remedy(code, purpose, (origin.cause ?? {}) as Cause),
    ...origin,
  });

export const malformed = (purpose: Purpose) =>
  keyVaultError('unavailable', purpose, {
    cause: Object.assign(new Error('The answer lacks a field'), { code: NOT_UNDERSTOOD }),
  });

/** For a secret that exists neither as JSON nor as one secret per field. */
export const absent = (purpose: Purpose, fieldNames: string[]) => {
  if (fieldNames.length === 0) return keyVaultError('not-found', purpose);
  const { name, vaultUrl } = purpose;
  return new SecretError('not-found', `${MESSAGES['not-found'](name)}, nor any of its fields`, {
    remedy: `Create ${name} in ${vaultUrl} with all fields as one JSON object, or one secret per field (${fieldNames.join(', ')}); or correct AZURE_VAULT_URL, SECRET_PREFIX or the name override.`,
  });
};

export const deleted = ({ name, vaultUrl }: Purpose) =>
  new SecretError('disabled', `${name} is deleted and can be recovered`, {
    remedy: `Recover it: az keyvault secret recover ${inAzure(vaultUrl).option(name, 'deletedsecrets')}`,
  });

/** Turns `not-found` into undefined. */
export const ignoreNotFound = (error: SecretError): undefined => {
  if (error.code !== 'not-found') throw error;
};

export const withoutStage = (name: string, stage: Stage) =>
  new SecretError('not-found', `${name} has no ${stage} version in Azure Key Vault`, {
    remedy:
      stage === 'pending'
        ? 'Nothing to fix: Key Vault has no pending versions, a new version is current at once.'
        : `Nothing to fix unless ${name} has been rotated: then check that its older version is enabled.`,
  });

const MESSAGES: Record<SecretErrorCode, (name: string) => string> = {
  'not-found': (name) => `Azure Key Vault has no secret ${name}`,
  denied: (name) => `Azure Key Vault refuses access to ${name}`,
  identity: (name) => `This process has no identity that Azure Key Vault accepts (asking for ${name})`,
  disabled: (name) => `${name} is disabled, or deleted and recoverable`,
  conflict: (name) => `Another writer has changed ${name}`,
  throttled: (name) => `Azure Key Vault throttles requests (asking for ${name})`,
  unavailable: (name) => `Azure Key Vault gave no usable answer for ${name}`,
  invalid: (name) => `Azure Key Vault does not accept the name or value of ${name}`,
};

function remedy(code: SecretErrorCode, { vaultUrl, name, role = READER }: Purpose, cause: Cause): string {
  const { option } = inAzure(vaultUrl);
  switch (code) {
    case 'not-found':
      return `Create the secret ${name} in ${vaultUrl}, or correct AZURE_VAULT_URL, SECRET_PREFIX or the name override.`;
    case 'denied':
      return deniedRemedy(vaultUrl, role, cause);
    case 'identity':
      return isFromIdentity(cause)
        ? 'Assign a managed identity to this workload; AZURE_CLIENT_ID must be its client ID, and be left out for the system-assigned one. On AKS check the federated credential and the label azure.workload.identity/use; on a workstation run `az login`.'
        : `The vault refuses the token: check that ${vaultUrl} is in the tenant of this process's identity, and the clock of this machine.`;
    case 'disabled':
      return `Enable its current version: az keyvault secret set-attributes ${option(name)} --enabled true. If it is deleted: az keyvault secret recover ${option(name, 'deletedsecrets')}`;
    case 'conflict':
      return 'Read the current value, and write again if the change is still wanted.';
    case 'throttled':
      return 'Wait. If this continues, raise SECRET_TTL, or find which other clients use up the limit of the vault.';
    case 'unavailable':
      return unavailableRemedy(vaultUrl, cause);
    case 'invalid':
      return 'Correct SECRET_PREFIX or the name override: a name has at most 127 letters, digits and hyphens, and a value at most 25 KB.';
  }
}

/** https://learn.microsoft.com/azure/key-vault/general/rest-error-codes#http-403-insufficient-permissions */
function deniedRemedy(vaultUrl: string, role: string, { code }: Cause): string {
  const { vault } = inAzure(vaultUrl);
  if (code === 'ForbiddenByFirewall')
    return `Allow this network in the firewall of the vault ${vault} (az keyvault network-rule add), or reach it by its private endpoint.`;
  if (code === 'ForbiddenByPolicy')
    return `The vault ${vault} uses access policies: az keyvault set-policy --name ${vault} --object-id <object ID of this process's identity> --secret-permissions get list`;
  return `Assign the role "${role}" at the scope of the vault ${vault} to the identity of this process: az role assignment create --role "${role}" --assignee <client ID> --scope /subscriptions/<subscription>/resourceGroups/<group>/providers/Microsoft.KeyVault/vaults/<vault>. It takes up to ten minutes to work.`;
}

function unavailableRemedy(vaultUrl: string, cause: Cause): string {
  if (isFromIdentity(cause))
    return 'Nobody handed out a token: check that this network reaches the endpoint of the managed identity (IDENTITY_ENDPOINT, or 169.254.169.254), or login.microsoftonline.com for a workload identity.';
  if (cause.status !== undefined && cause.status >= 500)
    return `Wait: ${vaultUrl} answered with status ${cause.status} (https://azure.status.microsoft).`;
  return networkRemedy(cause.code, serverAt(vaultUrl));
}
