/** What runs here, without anything sensitive: provider, environment and the secrets' names. */
import { Router } from 'express';

export interface PublicConfig {
  provider: string;
  environment: string;
  secrets: string[];
}

export function configRoutes({ publicConfig }: { publicConfig: PublicConfig }): Router {
  return Router().get('/config', (_request, response) => {
    response.json(publicConfig);
  });
}
