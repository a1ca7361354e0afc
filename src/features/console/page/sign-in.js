/** The view before anybody has signed in. */
import { element } from './dom.js';
import { signIn, wordsOf } from './session.js';

export function signInView() {
  const fault = element('p', { class: 'fault', role: 'alert' });
  const email = element('input', { name: 'email', type: 'email', autocomplete: 'username', required: true });
  const password = element('input', {
    name: 'password',
    type: 'password',
    autocomplete: 'current-password',
    required: true,
  });
  const button = element('button', { class: 'primary' }, 'Sign in');
  const submit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    fault.textContent = '';
    try {
      await signIn(email.value, password.value);
    } catch (error) {
      fault.textContent = wordsOf(error);
      button.disabled = false;
      password.select();
    }
  };
  return element(
    'section',
    { class: 'panel center' },
    element('h1', {}, 'Sign in'),
    element(
      'p',
      { class: 'hint' },
      'The console shows the secrets of this service as they rotate, and never a value. It is for administrators.',
    ),
    element(
      'form',
      { class: 'stack', onsubmit: submit },
      element('label', {}, 'Email address', email),
      element('label', {}, 'Password', password),
      fault,
      button,
    ),
    element(
      'p',
      { class: 'hint' },
      element('code', {}, 'npm run dev'),
      ' prints the address and the password of its first user.',
    ),
  );
}

export const noPermissionView = ({ email, role }) =>
  element(
    'section',
    { class: 'panel center stack' },
    element('h1', {}, 'Administrators only'),
    element('p', {}, `${email} is signed in with the role ${role}. The console needs the role admin.`),
    element(
      'p',
      { class: 'hint' },
      'Sign out and use another account, or ask an administrator for the role.',
    ),
  );
