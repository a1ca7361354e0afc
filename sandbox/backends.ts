/** The stand-ins by provider name, behind one interface. */
import { startAwsSecretsManager } from './aws-secrets-manager.ts';
import { startAzureKeyVault } from './azure-key-vault.ts';
import type { Faults } from './faults.ts';
import { startFiles } from './files.ts';
import type { Listening } from './http.ts';
import { startVault } from './vault.ts';
import type { DatabaseOptions } from './vault-database.ts';

export interface Backend {
  /** Base URL; undefined for files. */
  url?: string;
  /** Variables with which the service reaches the backend under its own identity. */
  environment: Record<string, string>;
  /** Added to `environment`: an identity that may write, for rotation. Undefined for files. */
  writer?: Record<string, string>;
  /** Injects faults; undefined for files. */
  faults?: Faults;
  /** The server, to stop it or to change its certificate. */
  listening?: Listening;
  /** Number of reads of values and of versions. */
  reads?: { value: number; version: number };
  /** Revokes the logins that the backend created itself. */
  revokeLeases?: (() => Promise<void>) | undefined;
  /** Revokes the service's sessions in the backend. */
  revokeLogins?: () => void;
  /** Makes `value` the current version. */
  put(name: string, value: string): Promise<void>;
  /** Deletes the secret; it can be restored where the backend supports that. */
  remove?(name: string): Promise<void>;
  close(): Promise<void>;
}

export interface BackendOptions {
  /** Private to the sandbox; holds files such as certificates. */
  directory: string;
  /** Whether the service's identity may read a name. */
  mayRead: (name: string) => boolean;
  /** The database in which Vault's database engine creates logins. */
  database?: DatabaseOptions | undefined;
}

const START = {
  async vault(options: BackendOptions): Promise<Backend> {
    const vault = await startVault(options);
    // A role takes precedence over a token, so the service's own role must be unset.
    return {
      ...vault,
      writer: { VAULT_ROLE_ID: '', VAULT_SECRET_ID: '', VAULT_TOKEN: vault.createWriterToken() },
    };
  },
  async aws(options: BackendOptions): Promise<Backend> {
    const aws = await startAwsSecretsManager(options);
    const { accessKeyId, secretAccessKey } = aws.administrator;
    return { ...aws, writer: { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } };
  },
  async azure(options: BackendOptions): Promise<Backend> {
    const azure = await startAzureKeyVault(options);
    return { ...azure, writer: azure.administrator };
  },
  file: startFiles,
};

export type BackendName = keyof typeof START;
export const BACKENDS = Object.keys(START) as BackendName[];

export const startBackend = (name: BackendName, options: BackendOptions): Promise<Backend> =>
  START[name](options);
