/** Provider names and what stands behind them. Only the chosen provider's SDK is ever imported. */
import { z } from 'zod';
import type { Clock } from '../../clock.ts';
import type { SecretProvider } from '../provider.ts';
import {
  awsSettings,
  awsWriterSettings,
  azureSettings,
  azureWriterSettings,
  daprSettings,
  fileSettings,
  vaultSettings,
  vaultWriterSettings,
} from './settings.ts';

type Create<S> = (settings: S, clock?: Clock) => SecretProvider | Promise<SecretProvider>;

interface Registration {
  settings: z.ZodType<unknown>;
  create: Create<never>;
  writer: z.ZodType<object> | undefined;
}

const registrations = new Map<string, Registration>();

/**
 * Adds a provider under the name that `SECRET_PROVIDER` selects, in any case.
 * @param settings parses the environment into what `create` receives; default: nothing is read
 * @param writer parses what differs for the identity that writes; default: nobody writes
 * @throws Error when the name is taken
 */
export function registerProvider<S = Record<string, never>>(
  name: string,
  create: Create<S>,
  settings: z.ZodType<S> = z.object({}) as unknown as z.ZodType<S>,
  writer?: z.ZodType<Partial<S>>,
): void {
  const key = name.trim().toLowerCase();
  if (registrations.has(key)) throw new Error(`A provider named ${name} is registered already.`);
  registrations.set(key, { settings, create: create as Create<never>, writer });
}

export const providerNames = (): string[] => [...registrations.keys()];

export const findProvider = (name: string): Registration | undefined => registrations.get(name);

registerProvider(
  'aws',
  async (settings) => (await import('./aws-secrets-manager/provider.ts')).createAwsSecretsManager(settings),
  awsSettings,
  awsWriterSettings,
);
registerProvider(
  'vault',
  async (settings, clock) => (await import('./vault/provider.ts')).createVault(settings, clock && { clock }),
  vaultSettings,
  vaultWriterSettings,
);
registerProvider(
  'azure',
  async (settings) => (await import('./azure-key-vault/provider.ts')).createAzureKeyVault(settings),
  azureSettings,
  azureWriterSettings,
);
registerProvider(
  'file',
  async (settings) => (await import('./file/provider.ts')).createFileProvider(settings),
  fileSettings,
);
registerProvider('dapr', async (settings) => (await import('./dapr.ts')).createDapr(settings), daprSettings);
