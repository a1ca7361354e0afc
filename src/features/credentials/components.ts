/** Named secret stores beside the main backend. Each has its own provider and settings, and opens on first use. */
import { SecretError } from '../../errors.ts';
import type { SecretProvider } from '../../secrets/provider.ts';
import { findBackend } from '../../secrets/providers/registry.ts';
import { nameIn } from './allowed-names.ts';
import { CredentialError } from './credential-error.ts';
import { readSecret } from './read-secret.ts';
import type { SecretData } from './secret-values.ts';

export interface ComponentSettings {
  create(): Promise<SecretProvider>;
  /** Names of connection secrets must begin with this. Default: the prefix of the feature. */
  prefix?: string | undefined;
}

export interface Component {
  provider: SecretProvider;
  /** Names of connection secrets begin with this. */
  prefix: string;
}

export interface Components {
  /** The backend of the service's own secrets. */
  main: Component;
  /** @param name default `secretstore`: the main backend, unless it is configured. @throws CredentialError */
  get(name?: string): Promise<Component>;
  /** A store with settings from a configuration, such as a region. The caller has checked them. */
  getFor(provider: string, environment: Record<string, string>): Promise<Component>;
  /** The values of a secret by key. The name is used as given, without a prefix. @throws CredentialError */
  getSecret(key: string, component?: string, signal?: AbortSignal): Promise<SecretData>;
  /** One value of the default component's document `deployment`. Null when either is missing. @throws CredentialError */
  getDeploymentSecret(key: string): Promise<unknown>;
  close(): Promise<void>;
}

const DEFAULT = 'secretstore';

export interface ComponentsOptions {
  main: SecretProvider;
  settings: ReadonlyMap<string, ComponentSettings>;
  /** Written with slashes for every backend. */
  prefix: string;
  deploymentDocument: string;
}

export function createComponents({
  main,
  settings,
  prefix,
  deploymentDocument,
}: ComponentsOptions): Components {
  const made = new Map<string, Promise<Component>>();

  const component = (provider: SecretProvider, ownPrefix?: string): Component => ({
    provider,
    prefix: ownPrefix ?? nameIn(provider.name, prefix),
  });

  /** A failure is not kept: the next call tries again. */
  const once = (key: string, make: () => Promise<Component>): Promise<Component> => {
    const known = made.get(key) ?? make();
    made.set(key, known);
    known.catch(() => made.delete(key));
    return known;
  };

  const own = component(main);

  const get: Components['get'] = async (name = DEFAULT) => {
    const chosen = settings.get(name);
    if (chosen) return once(name, async () => component(await chosen.create(), chosen.prefix));
    if (name === DEFAULT || name === main.name) return own;
    throw new CredentialError('invalid', `No component is named ${name}.`);
  };

  const getSecret: Components['getSecret'] = async (key, name, signal) =>
    readSecret((await get(name)).provider, key, signal);

  return {
    main: own,
    get,
    getSecret,

    getFor: (name, environment) =>
      once(`${name} ${JSON.stringify(environment)}`, async () => {
        const configured = findBackend(name)?.configure(environment);
        if (!configured || 'problems' in configured)
          throw new CredentialError('invalid', `No provider is named ${name}.`);
        return component(await configured.create());
      }),

    async getDeploymentSecret(key) {
      const { provider } = await get();
      const document = await getSecret(nameIn(provider.name, deploymentDocument)).catch(ignoreMissing);
      return document && Object.hasOwn(document, key) ? document[key] : null;
    },

    async close() {
      for (const outcome of await Promise.allSettled(made.values()))
        if (outcome.status === 'fulfilled') await outcome.value.provider.close?.();
    },
  };
}

function ignoreMissing(error: { cause?: unknown }): undefined {
  if (!(error.cause instanceof SecretError && error.cause.code === 'not-found')) throw error;
}
