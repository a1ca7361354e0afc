/** Makes a router of routes: first who calls, then what they sent, then the route's own work. */
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

  // Exact, as whoever filters paths in front of the service expects: /ADMIN/ is not /admin.
  const router = Router({ caseSensitive: true, strict: true });
  for (const { method, path, access, before = [], parameters, body, handle } of routes)
    router[method](
      path,
      ...guards[access],
      ...before,
      ...(parameters ? [checkParameters(parameters)] : []),
      ...(body ? [jsonBody(body)] : []),
      handle,
    );
  for (const [path, methods] of methodsByPath(routes)) router.all(path, refuseOthers(methods));
  return router;
}

function methodsByPath(routes: Route[]): Map<string, string[]> {
  const paths = Map.groupBy(routes, ({ path }) => path);
  return new Map(
    [...paths].map(([path, group]) => {
      const methods = group.map(({ method }) => method.toUpperCase());
      // Express answers HEAD with the handler of GET.
      return [path, methods.includes('GET') ? [...methods, 'HEAD'] : methods];
    }),
  );
}

const refuseOthers =
  (methods: string[]): RequestHandler =>
  ({ method, path }) => {
    const allowed = methods.join(', ');
    throw new HttpProblem(405, `${path} knows no ${method}, only ${allowed}.`, {
      headers: { Allow: allowed },
    });
  };
