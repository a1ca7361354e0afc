/**
 * The login methods, and what to check when Vault does not accept one.
 * https://developer.hashicorp.com/vault/docs/auth
 */
import { readFile } from 'node:fs/promises';
import { SecretError } from '../../../errors.ts';

export type VaultAuth =
  | { method: 'token'; token: string }
  | {
      method: 'approle';
      roleId: string;
      /** The secret ID, or the file that holds it. */
      secretId: string | { path: string };
      mount?: string | undefined;
    }
  | {
      method: 'kubernetes';
      role: string;
      /** Default: where Kubernetes puts the service account's token. */
      jwtPath?: string | undefined;
      mount?: string | undefined;
    };

/** The methods that obtain a token from Vault. */
export type VaultLogin = Exclude<VaultAuth, { method: 'token' }>;

/** Endpoint and body of a login. Files are read each time, because they may be replaced. */
export async function loginRequest(auth: VaultLogin) {
  if (auth.method === 'approle') {
    const { roleId, secretId, mount = 'approle' } = auth;
    const secret_id = typeof secretId === 'string' ? secretId : await readSecretId(secretId.path);
    return { path: `auth/${mount}/login`, body: { role_id: roleId, secret_id } };
  }
  const { role, mount = 'kubernetes' } = auth;
  const jwt = await readToken(auth.jwtPath ?? '/var/run/secrets/kubernetes.io/serviceaccount/token');
  return { path: `auth/${mount}/login`, body: { role, jwt } };
}

const readSecretId = (path: string) =>
  readIdentity(path, 'The secret ID', 'Set VAULT_SECRET_ID_FILE to a file that this process may read.');

const readToken = (path: string) =>
  readIdentity(
    path,
    "The service account's token",
    'Mount it in the pod (automountServiceAccountToken, or a projected volume named by VAULT_KUBERNETES_TOKEN_FILE).',
  );

async function readIdentity(path: string, what: string, remedy: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    throw new SecretError('identity', `${what} cannot be read from ${path}`, { remedy, cause });
  }
}

export function identityError(auth: VaultAuth, cause: unknown): SecretError {
  const [message, remedy] = identityProblem(auth);
  return new SecretError('identity', message, { remedy, cause });
}

function identityProblem(auth: VaultAuth): [message: string, remedy: string] {
  switch (auth.method) {
    case 'token':
      return [
        'Vault does not accept the token',
        'Set VAULT_TOKEN to a token that has neither expired nor been revoked (`vault token lookup` shows it), and check VAULT_NAMESPACE. Its policies must include `default`.',
      ];
    case 'approle': {
      const mount = auth.mount ?? 'approle';
      return [
        'Vault does not accept the AppRole login',
        `Check VAULT_ROLE_ID, VAULT_NAMESPACE and that auth/${mount} is enabled. Create a new secret ID for VAULT_SECRET_ID or VAULT_SECRET_ID_FILE: vault write -f auth/${mount}/role/<role>/secret-id. The role's policies must include \`default\`.`,
      ];
    }
    case 'kubernetes': {
      const path = `auth/${auth.mount ?? 'kubernetes'}/role/${auth.role}`;
      return [
        `Vault does not accept the Kubernetes login as role ${auth.role}`,
        `Check that the role binds this pod's service account, namespace and audience (vault read ${path}), and VAULT_KUBERNETES_ROLE and VAULT_NAMESPACE. Its policies must include \`default\`.`,
      ];
    }
  }
}
