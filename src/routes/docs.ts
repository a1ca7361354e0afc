/** The OpenAPI document, and a page that shows it and lets one try the routes. */
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import packageJson from '../../package.json' with { type: 'json' };
import { openApiDocument } from '../http/openapi.ts';
import { json, type Route, route } from '../http/route.ts';

/** The page and what it loads; of the package only what it needs. */
const FILES: [path: string, type: string, url: string][] = [
  ['/docs', 'text/html', import.meta.resolve('./docs/index.html')],
  ['/docs/start.js', 'text/javascript', import.meta.resolve('./docs/start.js')],
  ['/docs/swagger-ui.css', 'text/css', import.meta.resolve('swagger-ui-dist/swagger-ui.css')],
  [
    '/docs/swagger-ui-bundle.js',
    'text/javascript',
    import.meta.resolve('swagger-ui-dist/swagger-ui-bundle.js'),
  ],
  ['/docs/favicon.png', 'image/png', import.meta.resolve('swagger-ui-dist/favicon-32x32.png')],
];

/** @param routes what the document describes; it says nothing of the routes made here */
export function docsRoutes({ routes }: { routes: Route[] }): Route[] {
  // Made when it is first asked for, and not while the service starts.
  let document: object | undefined;

  return [
    route({
      method: 'get',
      path: '/openapi.json',
      summary: 'The OpenAPI document',
      access: 'all',
      answers: { 200: json('The document', z.looseObject({ openapi: z.string() })) },
      handle(_request, response) {
        document ??= openApiDocument(routes, { title: packageJson.name, version: packageJson.version });
        response.json(document);
      },
    }),
    ...FILES.map(([path, type, url]) =>
      route({
        method: 'get',
        path,
        summary: 'The page of the OpenAPI document, and what it loads',
        access: 'all',
        answers: { 200: { description: 'The file', content: { [type]: z.string() } } },
        handle(_request, response) {
          // A checkout may lie below a directory whose name begins with a dot.
          response.set('Cache-Control', 'no-cache').sendFile(fileURLToPath(url), { dotfiles: 'allow' });
        },
      }),
    ),
  ];
}
