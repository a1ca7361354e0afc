/** Rotating a secret: by the sandbox where there is one, else by writing a new value where administrators may write. */
import { element, find } from './dom.js';
import { requestJson, wordsOf } from './session.js';

const ROTATABLE = ['database', 'jwt', 'openai'];

/**
 * @param {{ id: string | null }} secret
 * @param {{ sandbox: boolean, write: boolean }} abilities
 * @returns {Node[]} the buttons of a card
 */
export function rotateActions({ id }, { sandbox, write }) {
  if (id === null) return [];
  if (sandbox && ROTATABLE.includes(id)) return [rotateButton(id)];
  return write ? [writeButton(id)] : [];
}

function rotateButton(id) {
  const button = element('button', { class: 'small', 'data-rotate': id }, `Rotate ${id}`);
  button.addEventListener('click', async () => {
    button.disabled = true;
    try {
      await requestJson('/console/sandbox', { method: 'POST', body: { action: `rotate-${id}` } });
    } catch (error) {
      button.after(element('span', { class: 'fault', role: 'alert' }, wordsOf(error)));
    }
    button.disabled = false;
  });
  return button;
}

const writeButton = (id) =>
  element(
    'button',
    { class: 'small', 'data-rotate': id, onclick: () => openDialog(id) },
    `New value for ${id}`,
  );

function openDialog(id) {
  const fault = element('p', { class: 'fault', role: 'alert' });
  const value = element('textarea', {
    name: 'value',
    required: true,
    spellcheck: 'false',
    autocomplete: 'off',
  });
  const send = element('button', { class: 'primary' }, 'Prove and write');
  const dialog = element(
    'dialog',
    { 'aria-labelledby': 'write-title', onclose: () => dialog.remove() },
    element(
      'form',
      {
        onsubmit: async (event) => {
          event.preventDefault();
          send.disabled = true;
          fault.textContent = '';
          try {
            await requestJson('/admin/secrets/rotate', {
              method: 'PUT',
              body: { secretName: id, newValue: parsed(value.value) },
            });
            dialog.close();
          } catch (error) {
            fault.textContent = wordsOf(error);
          }
          send.disabled = false;
        },
      },
      element('h2', { id: 'write-title' }, `New value for ${id}`),
      element(
        'p',
        { class: 'hint' },
        'One JSON object. It is proven before it is written: a value that does not work changes nothing.',
      ),
      element('label', {}, 'Value', value),
      fault,
      element(
        'div',
        { class: 'row' },
        send,
        element('button', { type: 'button', onclick: () => dialog.close() }, 'Cancel'),
      ),
    ),
  );
  find('#main').append(dialog);
  dialog.showModal();
}

/** Text that is no JSON is sent as it is, for the service to judge. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
