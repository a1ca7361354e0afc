/** The registered sources, by `credentialSource`. */
import { CredentialError } from './credential-error.ts';
import { type CredentialProvider, SOURCES } from './sources.ts';

const providers = new Map<string, CredentialProvider>(Object.entries(SOURCES));

export const CredentialProviderFactory = {
  /** Adds a source. Call it before the service is created. @throws Error when the name is taken */
  register(name: string, provider: CredentialProvider): void {
    if (providers.has(name)) throw new Error(`A credential source named ${name} is registered already.`);
    providers.set(name, provider);
  },

  /** @throws CredentialError for an unknown source */
  get(name: string): CredentialProvider {
    const provider = providers.get(name);
    if (!provider) throw new CredentialError('invalid', unknownSource());
    return provider;
  },

  all: (): [name: string, provider: CredentialProvider][] => [...providers],
};

export const unknownSource = () =>
  `credentialSource is unknown: use one of ${[...providers.keys()].join(', ')}.`;
