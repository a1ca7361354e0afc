/** The page and the files that it loads. They hold nothing of anyone: the page asks for data in its caller's name. */
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { z } from 'zod';
import { type Route, route } from '../../http/route.ts';

const DIRECTORY = new URL('./page/', import.meta.url);

const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
};

export const pageRoutes = (): Route[] =>
  readdirSync(DIRECTORY)
    .filter((name) => extname(name) in TYPES)
    .map((name) => file(name === 'index.html' ? '/' : `/console/${name}`, name));

function file(path: string, name: string): Route {
  const type = TYPES[extname(name)] ?? '';
  const content = readFileSync(new URL(name, DIRECTORY), 'utf8');
  return route({
    method: 'get',
    path,
    summary: 'The console',
    access: 'all',
    isAsset: true,
    answers: { 200: { description: 'The file', content: { [type]: z.string() } } },
    handle(_request, response) {
      response.type(type).send(content);
    },
  });
}
