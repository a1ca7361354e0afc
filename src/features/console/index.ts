/** The console: a page at `/` that shows the secrets as they rotate, fed by server-sent events. */
import type { Feature } from '../feature.ts';
import { eventRoutes } from './events.ts';
import { pageRoutes } from './page.ts';
import { sandboxRoutes } from './sandbox.ts';
import { settings } from './settings.ts';

export const console: Feature<typeof settings> = {
  settings,
  create(context, { CONSOLE, SANDBOX_CONTROL_URL: control }) {
    if (CONSOLE === 'disabled') return { routes: [] };
    return {
      routes: [
        ...pageRoutes(),
        ...eventRoutes(context, { hasSandbox: control !== undefined }),
        ...(control ? sandboxRoutes({ control, secrets: ['database', 'jwt', 'openai'] }) : []),
      ],
    };
  },
};
