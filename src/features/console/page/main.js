/** The page: who is signed in, and which view the address names. */
import { element, find } from './dom.js';
import { secretsView } from './secrets-view.js';
import { onSession, session, signOut, wordsOf } from './session.js';
import { noPermissionView, signInView } from './sign-in.js';

/** Views by address. `needs` is the route without which the view does not exist in this service. */
const VIEWS = [
  { hash: '#/secrets', title: 'Secrets', open: (abilities) => secretsView({ abilities }) },
  {
    hash: '#/connections',
    title: 'Connections',
    needs: '/credentials',
    open: async (abilities) => (await import('./connections-view.js')).connectionsView({ abilities }),
  },
];

let close = () => {};

/** Features can be left out of the service: the document of its routes says what there is. */
const paths = fetch('/openapi.json')
  .then((response) => response.json())
  .then((document) => document.paths)
  .catch(() => ({}));

async function show() {
  const known = await paths;
  const views = VIEWS.filter(({ needs }) => needs === undefined || known[needs]);
  const chosen = views.find(({ hash }) => location.hash.startsWith(hash)) ?? views[0];
  const current = session();
  close();
  close = () => {};
  showNavigation(views, current && chosen);
  showAccount(current);
  document.title = `${current ? chosen.title : 'Sign in'} - Secrets console`;

  const main = find('#main');
  if (!current) main.replaceChildren(signInView());
  else if (current.user.role !== 'admin') main.replaceChildren(noPermissionView(current.user));
  else {
    main.replaceChildren(element('p', { class: 'empty' }, 'Loading.'));
    try {
      const { view, close: end = () => {} } = await chosen.open({
        write: known['/admin/secrets/rotate'] !== undefined,
        save: known['/credentials']?.post !== undefined,
      });
      close = end;
      main.replaceChildren(view);
    } catch (error) {
      main.replaceChildren(element('p', { class: 'notice bad', role: 'alert' }, wordsOf(error)));
    }
  }
  main.querySelector('input')?.focus();
}

function showNavigation(views, chosen) {
  const link = (href, title, isCurrent) =>
    element('li', {}, element('a', { href, 'aria-current': isCurrent ? 'page' : undefined }, title));
  find('#navigation').replaceChildren(
    ...(chosen ? views.map(({ hash, title }) => link(hash, title, hash === chosen.hash)) : []),
    link('/docs', 'API', false),
  );
}

function showAccount(current) {
  find('#account').replaceChildren(
    ...(current
      ? [
          element('span', { class: 'who' }, current.user.email),
          element('button', { class: 'small', onclick: signOut }, 'Sign out'),
        ]
      : []),
  );
}

onSession(show);
addEventListener('hashchange', show);
show();
