/** One operation: what it takes and answers, and a form that sends it. */
import { element } from './element.js';

const ACCESS = { all: '', token: 'needs a token', admin: 'needs the role admin' };

function accessOf({ security = [] }) {
  const [{ bearer } = {}] = security;
  return ACCESS[bearer === undefined ? 'all' : bearer.includes('admin') ? 'admin' : 'token'];
}

const json = (value) => JSON.stringify(value, null, 2);
const schemaView = (title, schema) =>
  element('details', {}, element('summary', {}, title), element('pre', {}, json(schema)));

export function operationView(operation, send) {
  const { path, method, operationId, summary, parameters, requestBody, responses } = operation;
  const body = requestBody?.content['application/json'].schema;
  return element(
    'details',
    { id: operationId, className: 'operation' },
    element(
      'summary',
      {},
      element('b', {}, method),
      ' ',
      element('code', {}, path),
      ' ',
      element('span', {}, summary),
      ' ',
      element('small', {}, accessOf(operation)),
    ),
    form({ path, method, parameters, body }, send),
    ...(body ? [schemaView('Schema of the body', body)] : []),
    element(
      'dl',
      {},
      ...Object.entries(responses).flatMap(([status, { description, content }]) => [
        element('dt', {}, status),
        element(
          'dd',
          {},
          description,
          ...Object.entries(content).map(([type, { schema }]) => schemaView(type, schema)),
        ),
      ]),
    ),
  );
}

function form({ path, method, parameters, body }, send) {
  const fields = parameters.map(({ name, in: place, required, schema }) =>
    element(
      'label',
      {},
      `${name} (${place})`,
      element('input', {
        name: `${place}.${name}`,
        required,
        value: schema.examples?.[0] ?? '',
        autocomplete: 'off',
      }),
    ),
  );
  const text =
    body &&
    element('textarea', { name: 'body', rows: 6, value: json(body.examples?.[0] ?? {}), spellcheck: false });
  const output = element('output', {});
  const view = element(
    'form',
    {},
    ...fields,
    ...(text ? [element('label', {}, 'Body', text)] : []),
    element('button', { type: 'submit' }, 'Send'),
    output,
  );
  view.addEventListener('submit', async (event) => {
    event.preventDefault();
    const given = [...new FormData(view)].filter(([, value]) => value !== '');
    const at = (place) =>
      given.flatMap(([name, value]) =>
        name.startsWith(`${place}.`) ? [[name.slice(place.length + 1), value]] : [],
      );
    const filled = at('path').reduce(
      (url, [name, value]) => url.replace(`{${name}}`, encodeURIComponent(value)),
      path,
    );
    const query = new URLSearchParams(at('query')).toString();
    const answer = await send(
      method,
      query ? `${filled}?${query}` : filled,
      Object.fromEntries(at('header')),
      text?.value,
    );
    output.replaceChildren(
      element('b', { className: answer.ok ? 'good' : 'bad' }, answer.status),
      element('pre', {}, pretty(answer.text)),
    );
  });
  return view;
}

function pretty(text) {
  try {
    return json(JSON.parse(text));
  } catch {
    return text;
  }
}
