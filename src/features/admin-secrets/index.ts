/** Administrators read the state of the secrets, and write them where ADMIN_SECRETS=enabled. */
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
    // Reports a missing writer at startup, and not to the first administrator.
    await (await context.config.createWriter()).close?.();
    const { config, logger } = context;
    const declared = context.declared.filter(({ use }) => use !== 'administrators');
    const names = ADMIN_SECRET_NAMES ?? declared.map(({ id }) => id);
    const assertAllowed = createAllowedHosts(ADMIN_SECRET_HOSTS, declared, context.live);
    const publish = createPublisher({ ...context, declared, assertAllowed });
    const audit = createAudit(logger);
    return {
      routes: [...listRoutes(context), ...writeRoutes({ publish, names, nameOf: config.nameOf, audit })],
    };
  },
};
