/** What one tries while secrets rotate: a round trip to the database, a chat, a load. */
import { element } from './dom.js';
import { count } from './format.js';
import { request, requestJson, wordsOf } from './session.js';
import { eventsOf } from './stream.js';

/** @param {{ load: ReturnType<import('./load.js').createLoad> }} options */
export function tryItPanel({ load }) {
  const totals = element('p', { class: 'answer', role: 'status' });
  const toggle = element('button', {
    'aria-pressed': 'false',
    onclick: () => (load.isRunning() ? load.stop() : load.start()),
  });
  const showLoad = () => {
    toggle.textContent = load.isRunning() ? 'Stop the load' : 'Start a load';
    toggle.setAttribute('aria-pressed', String(load.isRunning()));
    const { sent, failed, lastFailure } = load.totals;
    totals.className = `answer${failed > 0 ? ' bad' : ''}`;
    totals.textContent =
      sent === 0 && !load.isRunning()
        ? 'Four callers use the database and tokens, until stopped.'
        : `${count(sent)} requests sent, ${count(failed)} failed.${lastFailure ? ` Last: ${lastFailure}` : ''}`;
  };
  showLoad();
  const panel = element(
    'section',
    { class: 'panel controls', 'aria-labelledby': 'try-it' },
    element('h2', { id: 'try-it' }, 'Try it'),
    element('div', { class: 'stack' }, element('div', {}, toggle, totals), databaseTest(), chat()),
  );
  return { panel, showLoad };
}

/** Runs one action at a time and shows its answer or its error. */
function action(button, answer, work) {
  return async (event) => {
    event.preventDefault();
    button.disabled = true;
    answer.className = 'answer';
    answer.textContent = 'Waiting for the answer.';
    try {
      await work((text) => {
        answer.textContent = text;
      });
    } catch (error) {
      answer.className = 'answer bad';
      answer.textContent = wordsOf(error);
    }
    button.disabled = false;
  };
}

function databaseTest() {
  const answer = element('p', { class: 'answer', role: 'status' });
  const button = element('button', {}, 'Test the database');
  button.addEventListener(
    'click',
    action(button, answer, async (show) => {
      const { latencyMs, user, serverVersion } = await requestJson('/db-test', { method: 'POST' });
      show(`Connected as ${user} in ${latencyMs} ms. PostgreSQL ${serverVersion}.`);
    }),
  );
  return element('div', {}, button, answer);
}

function chat() {
  const answer = element('p', { class: 'answer', 'aria-live': 'polite' });
  const message = element('input', { name: 'message', required: true, maxlength: 2000, value: 'Say hello.' });
  const button = element('button', {}, 'Send');
  const submit = action(button, answer, async (show) => {
    const response = await request('/ai/chat', {
      method: 'POST',
      body: { message: message.value, stream: true },
    });
    let text = '';
    for await (const { event, data } of eventsOf(response)) {
      if (event === 'done') continue;
      text += data.text;
      show(text);
    }
  });
  return element(
    'form',
    { onsubmit: submit },
    element('label', {}, 'Chat', message),
    element('div', { class: 'row spaced' }, button),
    answer,
  );
}
