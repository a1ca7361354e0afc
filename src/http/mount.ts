/** Builds a router from routes. Order: the caller, the limits, the parameters, the body, the handler. */
import { type RequestHandler, Router } from 'express';
import type { Tokens } from '../clients/jwt.ts';
import { authenticate, requireRole } from './authenticate.ts';
import { jsonBody } from './json-body.ts';
import { checkParameters } from './parameters.ts';
import { HttpProblem } from './problem.ts';
import type { Route } from './route.ts';

export function mountRoutes(routes: Route[], { tokens }: { tokens: Tokens }): Router {
  const authenticated = authenticate({ tokens });
  const guards: Record<Route['access'], RequestHandler[]> = {
    all: [],
    token: [authenticated],
    admin: [authenticated, requireRole('admin')],
  };

  // Exact, because a proxy that guards /admin does not guard /ADMIN/.
  const router = Router({ caseSensitive: true, strict: true });
  // Path by path, so that a fixed path listed before a pattern also refuses its other methods before the pattern matches.
  for (const [path, group] of Map.groupBy(routes, ({ path }) => path)) {
    for (const { method, access, before = [], parameters, body, handle } of group)
      router[method](
        path,
        ...guards[access],
        ...before,
        ...(parameters ? [checkParameters(parameters)] : []),
        ...(body ? [jsonBody(body)] : []),
        handle,
      );
    router.all(path, refuseOthers(methodsOf(group)));
  }
  return router;
}

function methodsOf(group: Route[]): string[] {
  const methods = group.map(({ method }) => method.toUpperCase());
  // Express answers HEAD with the handler of GET.
  return methods.includes('GET') ? [...methods, 'HEAD'] : methods;
}

const refuseOthers =
  (methods: string[]): RequestHandler =>
  ({ method, path }) => {
    const allowed = methods.join(', ');
    throw new HttpProblem(405, `${method} is not supported on ${path}. Allowed: ${allowed}.`, {
      headers: { Allow: allowed },
    });
  };
