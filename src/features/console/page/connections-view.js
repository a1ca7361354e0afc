/** Connections by reference: a form to test and save one, and the list of those that are saved. */
import { connectionForm, showFaults } from './connection-form.js';
import { announce, element } from './dom.js';
import { request, requestJson, wordsOf } from './session.js';

/** @param {{ abilities: { save: boolean } }} options @returns {Promise<{ view: Node }>} */
export async function connectionsView({ abilities: { save } }) {
  const outcome = element('p', { class: 'answer', role: 'status' });
  const list = element('ul', { class: 'stack' });
  const { sources } = await requestJson('/credentials/sources');

  const tell = (kind, text) => {
    outcome.className = `answer ${kind}`;
    outcome.textContent = text;
  };

  /** One request at a time. Its button is disabled meanwhile and keeps the focus. */
  const attempt = async (button, waiting, work) => {
    button.disabled = true;
    tell('', waiting);
    try {
      tell('good', await work());
    } catch (error) {
      const rest = button.form ? showFaults(button.form, error.faults ?? {}) : [];
      tell('bad', [wordsOf(error), ...rest].join('\n'));
    }
    button.disabled = false;
    if (document.activeElement === document.body) button.focus();
  };

  const run = (button, action, configuration) =>
    action === 'save'
      ? attempt(button, 'Saving.', async () => {
          const { guid } = await requestJson('/credentials', { method: 'POST', body: configuration });
          await showList();
          return `Saved as ${guid}.`;
        })
      : attempt(button, 'Connecting.', async () => {
          const { latencyMs } = await requestJson('/credentials/test', {
            method: 'POST',
            body: configuration,
          });
          return `Connected in ${latencyMs} ms.`;
        });

  const showList = async () => {
    const { credentials } = await requestJson('/credentials');
    list.replaceChildren(
      ...(credentials.length === 0
        ? [element('li', { class: 'empty' }, 'No connection is saved yet.')]
        : credentials.map((connection) => savedConnection(connection, { attempt, changed: showList }))),
    );
  };

  if (save) await showList();
  return {
    view: element(
      'div',
      {},
      element('div', { class: 'head' }, element('h1', {}, 'Connections')),
      element(
        'div',
        { class: 'dashboard' },
        element('div', {}, connectionForm(sources, { save, run })),
        element(
          'div',
          {},
          element(
            'section',
            { class: 'panel outcome', 'aria-labelledby': 'outcome' },
            element('h2', { id: 'outcome' }, 'Outcome'),
            outcome,
          ),
          save &&
            element(
              'section',
              { class: 'panel', 'aria-labelledby': 'saved' },
              element('h2', { id: 'saved' }, 'Saved connections'),
              list,
            ),
        ),
      ),
    ),
  };
}

function savedConnection({ guid, createdAt, configuration }, { attempt, changed }) {
  const path = `/credentials/${guid}`;
  const title = configuration.host ?? configuration['secret-path'] ?? configuration.credentialSource;
  const details = element('pre', { hidden: true }, JSON.stringify(configuration, null, 2));
  const buttons = [
    element(
      'button',
      {
        class: 'small',
        onclick: ({ target }) =>
          attempt(target, 'Connecting.', async () => {
            const { latencyMs } = await requestJson(`${path}/test`, { method: 'POST' });
            return `${title}: connected in ${latencyMs} ms.`;
          }),
      },
      'Test',
    ),
    element(
      'button',
      {
        class: 'small',
        'aria-expanded': 'false',
        onclick({ target }) {
          details.hidden = !details.hidden;
          target.setAttribute('aria-expanded', String(!details.hidden));
        },
      },
      'Details',
    ),
    element(
      'button',
      {
        class: 'small danger',
        onclick({ target }) {
          if (!confirm(`Delete the connection ${title}? Its secret stays.`)) return;
          attempt(target, 'Deleting.', async () => {
            await request(path, { method: 'DELETE' });
            await changed();
            announce(`${title} is deleted.`);
            return `${title} is deleted. Its secret stays.`;
          });
        },
      },
      'Delete',
    ),
  ];
  return element(
    'li',
    { class: 'saved' },
    element('strong', {}, String(title)),
    element(
      'p',
      { class: 'hint' },
      `${configuration.credentialSource ?? 'direct'}, saved ${new Date(createdAt).toLocaleString()}`,
    ),
    element('code', { class: 'mono' }, guid),
    details,
    element('div', { class: 'row' }, ...buttons),
  );
}
