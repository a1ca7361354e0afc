/** The variables of Vault, and the login that they choose: Kubernetes, AppRole or token, the first that is set. */
import { z } from 'zod';
import { type Environment, notes, optional, required, url } from '../../../variables.ts';
import type { VaultAuth } from './login.ts';

const KUBERNETES = 'Login by a role of the Kubernetes method.';
const APPROLE = 'Login by AppRole: a role ID and a secret ID.';
const SECRET_ID_FILE = 'File with the secret ID, read at each login.';
const SECRET_ID = 'Secret ID, where no file delivers it.';
const TOKEN = 'Login by a token, in development.';

export const reader = z.object({
  VAULT_ADDR: required('the address of Vault, for example https://vault.example.com:8200')
    .pipe(url(/^https?$/, 'https://vault.example.com:8200'))
    .register(notes, { description: 'Address, for example https://vault.example.com:8200.' }),
  VAULT_NAMESPACE: optional({ description: 'Namespace, where Vault has namespaces.' }),
  VAULT_CACERT: optional({ description: 'PEM file with the only authorities to trust.' }),
  VAULT_KV_MOUNT: z.string().default('secret').register(notes, { description: 'Mount of the KV engine.' }),
  VAULT_AUTH_MOUNT: optional({ description: 'Mount of the login. Default: the name of the method.' }),
  VAULT_KUBERNETES_ROLE: optional({ description: KUBERNETES, identifies: true }),
  VAULT_KUBERNETES_TOKEN_FILE: optional({
    description: "Service account's token. Default: where Kubernetes puts it.",
  }),
  VAULT_ROLE_ID: optional({ description: APPROLE, identifies: true }),
  VAULT_SECRET_ID_FILE: optional({ description: SECRET_ID_FILE, identifies: true }),
  VAULT_SECRET_ID: optional({ description: SECRET_ID, identifies: true, secret: true }),
  VAULT_TOKEN: optional({ description: TOKEN, identifies: true, secret: true }),
  VAULT_DATABASE_ROLE: optional({
    description:
      'Role of the database engine: each process gets its own PostgreSQL login, and myapp/database only says where the database is.',
  }),
  VAULT_DATABASE_MOUNT: z
    .string()
    .default('database')
    .register(notes, { description: 'Mount of the database engine.' }),
});

export const writer = z.object({
  WRITER_VAULT_KUBERNETES_ROLE: optional({ description: KUBERNETES, identifies: true }),
  WRITER_VAULT_ROLE_ID: optional({ description: APPROLE, identifies: true }),
  WRITER_VAULT_SECRET_ID_FILE: optional({ description: SECRET_ID_FILE, identifies: true }),
  WRITER_VAULT_SECRET_ID: optional({ description: SECRET_ID, identifies: true, secret: true }),
  WRITER_VAULT_TOKEN: optional({ description: TOKEN, identifies: true, secret: true }),
});

/** Also when the address is wrong: one report names every variable to fix. */
const always = { when: () => true };

export const readerSettings = reader
  .superRefine((env, context) => checkLogin(env, '', context), always)
  .transform((env) => ({ ...connectionOf(env), auth: loginOf(env, ''), database: databaseOf(env) }));

export const writerSettings = reader
  .extend(writer.shape)
  .superRefine((env, context) => checkLogin(env, 'WRITER_', context), always)
  .transform((env) => ({ ...connectionOf(env), auth: loginOf(env, 'WRITER_') }));

type Reader = z.infer<typeof reader>;

const connectionOf = (env: Reader) => ({
  address: env.VAULT_ADDR,
  mount: env.VAULT_KV_MOUNT,
  namespace: env.VAULT_NAMESPACE,
  caCertificatePath: env.VAULT_CACERT,
});

const databaseOf = ({ VAULT_DATABASE_ROLE: role, VAULT_DATABASE_MOUNT: mount }: Reader) =>
  role ? { role, mount } : undefined;

/** Reader and writer run in one pod, so the service account's token is the same. */
function loginOf(env: Environment, prefix: '' | 'WRITER_'): VaultAuth {
  const role = env[`${prefix}VAULT_KUBERNETES_ROLE`];
  const mount = env.VAULT_AUTH_MOUNT;
  if (role) return { method: 'kubernetes', role, jwtPath: env.VAULT_KUBERNETES_TOKEN_FILE, mount };
  const roleId = env[`${prefix}VAULT_ROLE_ID`] ?? '';
  const path = env[`${prefix}VAULT_SECRET_ID_FILE`];
  const secretId = env[`${prefix}VAULT_SECRET_ID`] ?? (path ? { path } : '');
  if (roleId || secretId) return { method: 'approle', roleId, secretId, mount };
  return { method: 'token', token: env[`${prefix}VAULT_TOKEN`] ?? '' };
}

function checkLogin(env: Environment, prefix: '' | 'WRITER_', context: z.RefinementCtx) {
  const login = loginOf(env, prefix);
  const complain = (name: string, message: string) =>
    context.addIssue({ code: 'custom', path: [prefix + name], message });
  if (login.method === 'approle' && !login.roleId)
    complain('VAULT_ROLE_ID', 'is not set: AppRole needs both halves');
  if (login.method === 'approle' && !login.secretId)
    complain('VAULT_SECRET_ID', 'is not set: AppRole needs both halves');
  if (env[`${prefix}VAULT_SECRET_ID`] && env[`${prefix}VAULT_SECRET_ID_FILE`])
    complain('VAULT_SECRET_ID', `is set and ${prefix}VAULT_SECRET_ID_FILE too; keep one`);
  if (login.method === 'token' && !login.token)
    complain(
      'VAULT_ROLE_ID',
      `nothing says who this process is: set ${prefix}VAULT_ROLE_ID and ${prefix}VAULT_SECRET_ID or ${prefix}VAULT_SECRET_ID_FILE, or ${prefix}VAULT_KUBERNETES_ROLE, or ${prefix}VAULT_TOKEN in development`,
    );
}
