/** The page for a new connection: a form built from the registered sources. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type Route, route } from '../../http/route.ts';
import { CredentialProviderFactory } from './credential-provider-factory.ts';
import type { CredentialProvider } from './sources.ts';

const fileOf = (name: string) => fileURLToPath(new URL(`./page/${name}`, import.meta.url));
const read = (name: string) => readFileSync(fileOf(name), 'utf8');

/** @param mayStore whether the page has a Save button */
export function pageRoutes({ mayStore }: { mayStore: boolean }): Route[] {
  // Sources are registered before the service is created.
  const html = read('index.html')
    .replace('<!-- sources -->', sourceChoice())
    .replace('<!-- fields -->', sourceFields())
    .replace('<!-- save -->', mayStore ? '<button type="submit" value="save">Save</button>' : '');

  return [
    file('/credentials/new', 'text/html', html),
    file('/credentials/new.js', 'text/javascript', read('new.js')),
    file('/credentials/new.css', 'text/css', read('new.css')),
  ];
}

const file = (path: string, type: string, content: string): Route =>
  route({
    method: 'get',
    path,
    summary: 'The page for a new connection, and the files it loads',
    access: 'all',
    answers: { 200: { description: 'The file', content: { [type]: z.string() } } },
    handle(_request, response) {
      response.type(type).send(content);
    },
  });

const sourceChoice = () =>
  CredentialProviderFactory.all()
    .map(
      ([name, { title }], index) =>
        `<label><input type="radio" name="credentialSource" value="${escapeHtml(name)}"${index === 0 ? ' checked' : ''}>${escapeHtml(title)}</label>`,
    )
    .join('\n          ');

const sourceFields = () =>
  CredentialProviderFactory.all()
    .map(
      ([name, { title, fields }]) => `<fieldset data-source="${escapeHtml(name)}">
          <legend>${escapeHtml(title)}</legend>${inputs(fields)}
        </fieldset>`,
    )
    .join('\n        ');

const inputs = (fields: CredentialProvider['fields']) =>
  Object.entries(fields)
    .map(([name, schema]) => {
      const { title = name, description = '' } = schema.meta() ?? {};
      const required = schema.safeParse(undefined).success ? '' : ' required';
      return `
          <label>${escapeHtml(title)} <input name="${escapeHtml(name)}" placeholder="${escapeHtml(description)}" autocomplete="off"${required}></label>`;
    })
    .join('');

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escapeHtml = (text: string) => text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? '');
