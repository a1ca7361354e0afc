/** Connections that refer to a secret: routes to register, test and delete them. See README.md. */
import type { Feature } from '../feature.ts';
import { componentVariables } from './component-settings.ts';
import { type Components, createComponents } from './components.ts';
import { type Credentials, createCredentials } from './credentials.ts';
import { credentialRoutes } from './routes.ts';
import { settings } from './settings.ts';
import { createStoredConfigurations } from './stored-configurations.ts';

/** For other features: `const { withConnection } = await use(credentials)`. */
export type CredentialsOffer = Pick<Credentials, 'getCredentials' | 'withConnection'> &
  Pick<Components, 'getSecret' | 'getDeploymentSecret'>;

export const credentials: Feature<typeof settings, CredentialsOffer> = {
  settings,
  variables: componentVariables(),
  create({ config, provider, database, logger }, { hosts, awsPlaces, azureVaults, rateLimit, ...settings }) {
    const components = createComponents({
      main: provider,
      settings: settings.components,
      prefix: settings.prefix ?? `${config.secretPrefix}/credentials/`,
      deploymentDocument: `${config.secretPrefix}/deployment`,
    });
    const credentials = createCredentials({
      stored: createStoredConfigurations(database),
      sources: { components, awsPlaces, azureVaults },
      hosts,
      environment: config.environment,
    });
    return {
      routes: credentialRoutes({ credentials, logger, limit: rateLimit }),
      offer: { ...credentials, ...components },
      close: components.close,
    };
  },
};
