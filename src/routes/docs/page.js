/**
 * Shows the operations of /openapi.json and sends requests. The token of the console is used if this tab has one.
 * Another one stays in this page and ends with it.
 */
import { element } from './element.js';
import { operationView } from './operation.js';

const login = document.querySelector('#login');
const outcome = login.querySelector('output');
const { token: known = '', user } = JSON.parse(sessionStorage.getItem('session') ?? '{}');
let token = known;
if (user) outcome.textContent = `Signed in as ${user.email}.`;

/** Returns the status line and the body of the answer as text. */
async function send(method, path, headers, body) {
  const response = await fetch(path, {
    method,
    headers: {
      ...headers,
      ...(token && { Authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
    },
    body,
  });
  return {
    ok: response.ok,
    status: `${response.status} ${response.statusText}`,
    text: await response.text(),
  };
}

login.addEventListener('submit', async (event) => {
  event.preventDefault();
  const answer = await send(
    'POST',
    '/auth/login',
    {},
    JSON.stringify(Object.fromEntries(new FormData(login))),
  );
  const { token: received, detail } = JSON.parse(answer.text);
  if (received) token = received;
  outcome.textContent = received ? 'Logged in.' : detail;
});

const api = await (await fetch('/openapi.json')).json();
document.querySelector('#back').hidden = api.paths['/events'] === undefined;
const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    path,
    method: method.toUpperCase(),
    ...operation,
  })),
);
document
  .querySelector('#operations')
  .append(
    ...[...Map.groupBy(operations, ({ tags }) => tags[0])].map(([tag, group]) =>
      element(
        'section',
        {},
        element('h2', {}, tag),
        ...group.map((operation) => operationView(operation, send)),
      ),
    ),
  );
