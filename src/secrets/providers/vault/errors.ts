/** Messages for failures of Vault: what happened, and what to check or grant. */
import { SecretError, type SecretErrorCode } from '../../../errors.ts';
import { NOT_UNDERSTOOD, networkRemedy } from '../network/no-answer.ts';
import { VaultRequestError } from './client.ts';
import { serverAt } from './server.ts';

/** Logins throw `identity` errors: see login.ts. */
type Code = Exclude<SecretErrorCode, 'identity'>;

/** One request: its target and its capabilities, from which an error says what to grant. */
export interface Purpose {
  address: string;
  namespace: string | undefined;
  mount: string;
  name: string;
  area: 'data' | 'metadata';
  capabilities: string;
}

/** Classes by status, never by text. Every other failure is `unavailable`: 412, 5xx, the 503 of a sealed Vault. */
const CODES: Record<number, Code> = {
  400: 'invalid',
  403: 'denied',
  404: 'not-found',
  405: 'invalid',
  413: 'invalid',
  429: 'throttled',
};

export function vaultError(code: Code, purpose: Purpose, cause?: unknown): SecretError {
  const failure = cause instanceof VaultRequestError ? cause : undefined;
  return new SecretError(code, MESSAGES[code](purpose.name), {
    remedy: remedy(code, purpose, failure),
    retryAfter: failure?.retryAfter,
    cause,
  });
}

export function toSecretError(cause: unknown, purpose: Purpose): SecretError {
  if (cause instanceof SecretError) return cause;
  if (!(cause instanceof VaultRequestError)) return vaultError('unavailable', purpose, cause);
  const code = cause.deletedVersion === undefined ? CODES[cause.status ?? 0] : 'disabled';
  return vaultError(code ?? 'unavailable', purpose, cause);
}

/** For an answer that no KV engine gives. The parser's error is dropped, because it can quote the answer. */
export const malformed = ({ name, mount, address }: Purpose) =>
  new SecretError('unavailable', MESSAGES.unavailable(name), {
    remedy: `Check that ${mount} is a KV engine of version 2 (vault secrets list -detailed) and that VAULT_ADDR, ${address}, is Vault and not a proxy or a login page.`,
    cause: new VaultRequestError('The answer is not that of a KV engine', { code: NOT_UNDERSTOOD }),
  });

const MESSAGES: Record<Code, (name: string) => string> = {
  'not-found': (name) => `Vault has no secret ${name}, or no version at that stage`,
  denied: (name) => `Vault refuses access to ${name}`,
  disabled: (name) => `The current version of ${name} is deleted`,
  conflict: (name) => `Another writer has changed ${name}`,
  throttled: (name) => `Vault throttles requests (asking for ${name})`,
  unavailable: (name) => `Vault gave no usable answer for ${name}`,
  invalid: (name) => `Vault does not accept the request for ${name}`,
};

function remedy(
  code: Code,
  { address, namespace, mount, name, area, capabilities }: Purpose,
  failure: VaultRequestError | undefined,
): string {
  switch (code) {
    case 'not-found':
      return `Write it: vault kv put -mount=${mount} ${name} @<file>.json. This process looks under ${mount}/ in ${namespace ? `the namespace ${namespace}` : 'no namespace'}: if that is wrong, correct VAULT_KV_MOUNT, VAULT_NAMESPACE, SECRET_PREFIX or the name override.`;
    case 'denied':
      return `Add to a policy of this process's role: path "${mount}/${area}/${name}" { capabilities = [${capabilities}] }. Vault also refuses what does not exist: if the secrets are not under ${mount}/, correct VAULT_KV_MOUNT${namespace ? ' or VAULT_NAMESPACE' : ''}.`;
    case 'disabled':
      return `Restore it: vault kv undelete -mount=${mount} -versions=${failure?.deletedVersion ?? '<version>'} ${name}. A destroyed version needs a new one: vault kv put -mount=${mount} ${name} @<file>.json`;
    case 'conflict':
      return 'Read the current value, and write again if the change is still wanted.';
    case 'throttled':
      return 'Wait. If this continues, check the rate limit quotas: vault list sys/quotas/rate-limit';
    case 'unavailable':
      return unavailableRemedy(failure, address);
    case 'invalid':
      return `Check that ${mount} is a KV engine of version 2 (vault secrets list -detailed), and the name of the secret.`;
  }
}

function unavailableRemedy(failure: VaultRequestError | undefined, address: string): string {
  const { status, code } = failure ?? {};
  if (status === undefined) return networkRemedy(code, serverAt(address));
  if (status === 503)
    return `Vault at ${address} is sealed or starting: check \`vault status\`, and run \`vault operator unseal\`.`;
  if (status < 400)
    return `${address} redirects, as a standby node does, and this process sends no token to the other server: set VAULT_ADDR to the active node, or to a load balancer that finds it.`;
  return `Check the log of Vault at ${address}, which answered with status ${status}. A standby without an active node answers so too (\`vault status\`).`;
}
