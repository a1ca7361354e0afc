/** Administrators see the secrets' state, and may write them where ADMIN_SECRETS says so. */
import type { Feature } from '../feature.ts';
import { createAllowedHosts } from './allowed-hosts.ts';
import { createAudit } from './audit.ts';
import { listRoutes } from './list.ts';
import { createPublisher } from './publish.ts';
import { writeRoutes } from './routes.ts';
import { settings } from './settings.ts';

export const adminSecrets: Feature<typeof settings> = {
  settings,

  async create(context, { ADMIN_SECRETS, ADMIN_SECRET_NAMES, ADMIN_SECRET_HOSTS }) {
    if (ADMIN_SECRETS === 'disabled') return { routes: listRoutes(context) };
    // Says at startup, and not to the first administrator, that nobody may write.
    await (await context.config.createWriter()).close?.();
    const hosts = createAllowedHosts(ADMIN_SECRET_HOSTS, context.live);
    const publish = createPublisher({ ...context, hosts });
    const { nameOf } = context.config;
    return {
      routes: [
        ...listRoutes(context),
        ...writeRoutes({ publish, names: ADMIN_SECRET_NAMES, nameOf, audit: createAudit(context.logger) }),
      ],
    };
  },
};
