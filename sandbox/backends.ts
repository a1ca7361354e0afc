/** The stand-ins by provider name, behind what they have in common. */
import { startAwsSecretsManager } from './aws-secrets-manager.ts';
import { startAzureKeyVault } from './azure-key-vault.ts';
import type { Faults } from './faults.ts';
import { startFiles } from './files.ts';
import type { Listening } from './http.ts';
import { startVault } from './vault.ts';
import type { DatabaseOptions } from './vault-database.ts';

export const BACKENDS = ['vault', 'aws', 'azure', 'file'] as const;
export type BackendName = (typeof BACKENDS)[number];

export interface Backend {
  /** Where it listens; a directory has no such place. */
  url?: string;
  /** What the service needs to reach it as itself. */
  environment: Record<string, string>;
  /** Added to `environment`: an identity that may write, for whoever rotates. Files have none. */
  writer?: Record<string, string>;
  /** Injects faults, where there is a network to inject them into. */
  faults?: Faults;
  /** The server, to take it away or to give it another certificate. */
  listening?: Listening;
  /** How often values and versions were read. */
  reads?: { value: number; version: number };
  /** Ends the logins that the backend itself has made, where it makes them. */
  revokeLeases?: (() => Promise<void>) | undefined;
  /** Ends what the service has logged in with, where the backend keeps sessions. */
  revokeLogins?: () => void;
  /** Makes `value` the current version. */
  put(name: string, value: string): Promise<void>;
  /** Deletes the secret, so that it can be had back where the backend knows that. */
  remove?(name: string): Promise<void>;
  close(): Promise<void>;
}

export interface BackendOptions {
  /** Private to the sandbox, for files such as certificates. */
  directory: string;
  /** What the service's identity may read. */
  mayRead: (name: string) => boolean;
  /** Where Vault's database engine makes logins. */
  database?: DatabaseOptions | undefined;
}

const START: Record<BackendName, (options: BackendOptions) => Promise<Backend>> = {
  async vault(options) {
    const vault = await startVault(options);
    // A role goes before a token, so the service's own must not be set.
    return {
      ...vault,
      writer: { VAULT_ROLE_ID: '', VAULT_SECRET_ID: '', VAULT_TOKEN: vault.createWriterToken() },
    };
  },
  async aws(options) {
    const aws = await startAwsSecretsManager(options);
    const { accessKeyId, secretAccessKey } = aws.administrator;
    return { ...aws, writer: { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } };
  },
  async azure(options) {
    const azure = await startAzureKeyVault(options);
    return { ...azure, writer: azure.administrator };
  },
  file: startFiles,
};

export const startBackend = (name: BackendName, options: BackendOptions): Promise<Backend> =>
  START[name](options);
