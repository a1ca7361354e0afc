/** Faults of the local sandbox, to see that requests go on. Absent where the service runs on a real backend. */
import { announce, element } from './dom.js';
import { requestJson, wordsOf } from './session.js';

const FAULTS = [
  ['slow', 'Slow', 'Each answer of the backend takes two seconds.'],
  ['down', 'Down', 'The backend does not answer.'],
  ['sealed', 'Sealed', 'The backend answers that it is sealed or out of service.'],
  ['denied', 'Denying', 'The backend refuses every read.'],
];

export function sandboxPanel() {
  const answer = element('p', { class: 'answer', role: 'status' }, 'The backend works.');
  const buttons = new Map();

  const send = async (action, text) => {
    try {
      await requestJson('/console/sandbox', { method: 'POST', body: { action } });
      answer.className = 'answer';
      answer.textContent = text;
      announce(text);
      return true;
    } catch (error) {
      answer.className = 'answer bad';
      answer.textContent = wordsOf(error);
      return false;
    }
  };

  const press = (pressed) => {
    for (const [action, button] of buttons) button.setAttribute('aria-pressed', String(action === pressed));
  };

  for (const [action, title, text] of FAULTS)
    buttons.set(
      action,
      element(
        'button',
        {
          'aria-pressed': 'false',
          title: text,
          onclick: async () => {
            const isOn = buttons.get(action).getAttribute('aria-pressed') === 'true';
            if (await send(isOn ? 'heal' : action, isOn ? 'The backend works.' : text))
              press(isOn ? undefined : action);
          },
        },
        title,
      ),
    );

  const lockOut = element(
    'button',
    {
      class: 'danger',
      onclick: async () => {
        lockOut.disabled = true;
        await send('lock-out', 'The database login is locked. Its replacement follows in five seconds.');
        lockOut.disabled = false;
      },
    },
    'Lock the database login',
  );

  return element(
    'section',
    { class: 'panel controls', 'aria-labelledby': 'sandbox' },
    element('h2', { id: 'sandbox' }, 'Break the sandbox'),
    element(
      'div',
      { class: 'stack' },
      element('div', { class: 'pair' }, ...buttons.values()),
      lockOut,
      answer,
    ),
  );
}
