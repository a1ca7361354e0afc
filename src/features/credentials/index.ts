/** Connections that refer to a secret, and a page to register and test them. See README.md. */
import type { Feature } from '../feature.ts';
import { createComponents } from './components.ts';
import { createCredentials } from './credentials.ts';
import { pageRoutes } from './page.ts';
import { credentialRoutes } from './routes.ts';
import { settings } from './settings.ts';
import { createStoredConfigurations } from './stored-configurations.ts';

export const credentials: Feature<typeof settings> = {
  settings,
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
      routes: [
        ...pageRoutes({ mayStore: config.environment !== 'production' }),
        ...credentialRoutes({ credentials, logger, limit: rateLimit }),
      ],
      close: components.close,
    };
  },
};
