/** Messages for failures of Vault: what happened, and what to check or grant. */
import { SecretError, type SecretErrorCode } from '../../../errors.ts';
import { NOT_UNDERSTOOD, networkRemedy } from '../network/no-answer.ts';
import { VaultRequestError } from './client.ts';
import { serverAt } from './server.ts';

/** `identity` is the login's to tell. */
type Code = Exclude<SecretErrorCode, 'identity'>;

/** What one request wants, so that an error can say what to grant. */
export interface Purpose {
  address: string;
  namespace: string | undefined;
  mount: string;
  name: string;
  area: 'data' | 'metadata';
  capabilities: string;
}

/** The status decides, never the text. What is not here is `unavailable`: 412, 5xx, a sealed Vault's 503. */
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

/** An answer that is not one of a KV engine. The parser's own error is no use as a cause: it may quote what it read. */
export const malformed = ({ name, mount, address }: Purpose) =>
  new SecretError('unavailable', MESSAGES.unavailable(name), {
    remedy: `Check that ${mount} is a KV engine of version 2 (vault secrets list -detailed) and that VAULT_ADDR, ${address}, is Vault's own and not a proxy's or a login page's.`,
    cause: new VaultRequestError('The answer is not one of a KV engine', { code: NOT_UNDERSTOOD }),
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
      return `Write it: vault kv put -mount=${mount} ${name} @<file>.json. It was looked for under ${mount}/ in ${namespace ? `the namespace ${namespace}` : 'no namespace'}: if that is wrong, correct VAULT_KV_MOUNT, VAULT_NAMESPACE, SECRET_PREFIX or the name override.`;
    case 'denied':
      return `Add to a policy of this process's role: path "${mount}/${area}/${name}" { capabilities = [${capabilities}] }. Vault refuses in the same way what does not exist: if the secrets are not under ${mount}/, correct VAULT_KV_MOUNT${namespace ? ' or VAULT_NAMESPACE' : ''}.`;
    case 'disabled':
      return `Restore it: vault kv undelete -mount=${mount} -versions=${failure?.deletedVersion ?? '<version>'} ${name}. A destroyed version needs a new one: vault kv put -mount=${mount} ${name} @<file>.json`;
    case 'conflict':
      return 'Look at what is there now, and write again if that is still wanted.';
    case 'throttled':
      return 'Wait; if it goes on, look at the rate limit quotas: vault list sys/quotas/rate-limit';
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
    return `Vault at ${address} is sealed or starting: \`vault status\` tells, \`vault operator unseal\` opens it.`;
  if (status < 400)
    return `${address} redirects, as a standby node does, and the token does not go along: set VAULT_ADDR to the active node or to a load balancer that finds it.`;
  return `Look at the log of Vault at ${address}, which answered with status ${status}: a standby that finds no active node answers so too (\`vault status\`).`;
}
