/** The OpenAPI document, and a page that shows it and sends requests. */
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import packageJson from '../../package.json' with { type: 'json' };
import { openApiDocument } from '../http/openapi.ts';
import { json, type Route, route } from '../http/route.ts';

/** The page and the files it loads. */
const FILES: [path: string, type: string, name: string][] = [
  ['/docs', 'text/html', 'index.html'],
  ['/docs/page.css', 'text/css', 'page.css'],
  ['/docs/page.js', 'text/javascript', 'page.js'],
  ['/docs/operation.js', 'text/javascript', 'operation.js'],
  ['/docs/element.js', 'text/javascript', 'element.js'],
];

/** @param routes in the document. The routes of this file are not in it. */
export function docsRoutes({ routes }: { routes: Route[] }): Route[] {
  // Made by the first request, because making it would slow down the start.
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
    ...FILES.map(([path, type, name]) =>
      route({
        method: 'get',
        path,
        summary: 'The page of the OpenAPI document, and the files it loads',
        access: 'all',
        answers: { 200: { description: 'The file', content: { [type]: z.string() } } },
        handle(_request, response) {
          const file = fileURLToPath(new URL(`./docs/${name}`, import.meta.url));
          // The working tree may be below a directory whose name begins with a dot.
          response.set('Cache-Control', 'no-cache').sendFile(file, { dotfiles: 'allow' });
        },
      }),
    ),
  ];
}
