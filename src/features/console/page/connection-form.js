/** The form for a connection: fields that follow the source and the kind of login. */
import { element } from './dom.js';

const TLS = [
  ['', 'As the secret says, or the default'],
  ['verify-full', 'verify-full: encrypt, check the certificate and its name'],
  ['verify-ca', 'verify-ca: encrypt, check the certificate'],
  ['require', 'require: encrypt, check nothing'],
  ['disable', 'disable: do not encrypt'],
];

const LOGINS = {
  basic: { title: 'Username and password', fields: [['password', 'Key of the password']] },
  'iam-user': {
    title: 'IAM user',
    fields: [
      ['access-key-id', 'Access key ID'],
      ['secret-access-key', 'Key of the secret access key'],
      ['region', 'Region of the server'],
    ],
  },
  'iam-role': {
    title: 'IAM role',
    fields: [
      ['role-arn', 'ARN of the role'],
      ['external-id', 'External ID'],
      ['region', 'Region of the server'],
    ],
  },
};

/**
 * @param {{ name: string, title: string, fields: { name: string, title: string, example: string, required: boolean }[] }[]} sources
 * @param {{ save: boolean, run(button: HTMLButtonElement, action: 'test' | 'save', configuration: object): void }} options
 */
export function connectionForm(sources, { save, run }) {
  const sourceFields = element('div', { class: 'stack' });
  const loginFields = element('div', { class: 'stack' });
  const showSource = (name) => {
    const { fields } = sources.find((source) => source.name === name);
    sourceFields.replaceChildren(
      ...fields.map(({ name: field, title, example, required }) =>
        input(field, title, { placeholder: example, required }),
      ),
    );
  };
  const showLogin = (name) => {
    loginFields.replaceChildren(...LOGINS[name].fields.map(([field, title]) => input(field, title)));
  };

  const form = element(
    'form',
    {
      class: 'panel stack',
      'aria-labelledby': 'new-connection',
      onsubmit(event) {
        event.preventDefault();
        clearFaults(form);
        run(event.submitter, event.submitter.value, configurationOf(form));
      },
    },
    element('h2', { id: 'new-connection' }, 'New connection'),
    element('p', { class: 'hint' }, 'A connection keeps references into a secret store, never a password.'),
    element(
      'fieldset',
      {},
      element('legend', {}, 'Where are your credentials stored?'),
      ...sources.map(({ name, title }, index) =>
        element(
          'label',
          { class: 'choice' },
          element('input', {
            type: 'radio',
            name: 'credentialSource',
            value: name,
            checked: index === 0,
            onchange: () => showSource(name),
          }),
          title,
        ),
      ),
    ),
    sourceFields,
    element(
      'fieldset',
      { class: 'stack' },
      element('legend', {}, 'Server'),
      element(
        'div',
        { class: 'host' },
        input('host', 'Host', { placeholder: 'warehouse.db.example.com' }),
        input('port', 'Port', { placeholder: '5432', inputmode: 'numeric' }),
      ),
      input('database', 'Database', { placeholder: 'postgres' }),
      choice('sslmode', 'TLS', TLS),
      area('ca_cert', 'CA certificate', '-----BEGIN CERTIFICATE-----'),
    ),
    element(
      'fieldset',
      { class: 'stack' },
      element('legend', {}, 'Login'),
      element(
        'p',
        { class: 'hint' },
        'Enter a value, or the key that holds it in the secret. A password is always a key. Leave a field empty if the secret has it under its own name.',
      ),
      choice(
        'authType',
        'Authentication',
        Object.entries(LOGINS).map(([name, { title }]) => [name, title]),
        (event) => showLogin(event.target.value),
      ),
      input('username', 'Username'),
      loginFields,
    ),
    element(
      'div',
      { class: 'row' },
      element('button', { class: 'primary', value: 'test' }, 'Test connection'),
      save && element('button', { value: 'save' }, 'Save'),
    ),
  );
  showSource(sources[0].name);
  showLogin('basic');
  return form;
}

/** Shows each message at its field. Returns those that belong to no field of the form. */
export function showFaults(form, faults) {
  const rest = [];
  let first;
  for (const [path, message] of Object.entries(faults)) {
    const field = form.elements[path];
    if (!(field instanceof HTMLElement)) {
      rest.push(path ? `${path}: ${message}` : message);
      continue;
    }
    const id = `fault-${path}`;
    field.setAttribute('aria-invalid', 'true');
    field.setAttribute('aria-describedby', id);
    field.after(element('p', { class: 'fault', id }, message));
    first ??= field;
  }
  first?.focus();
  return rest;
}

function clearFaults(form) {
  for (const fault of form.querySelectorAll('.fault')) fault.remove();
  for (const field of form.querySelectorAll('[aria-invalid]')) {
    field.removeAttribute('aria-invalid');
    field.removeAttribute('aria-describedby');
  }
}

/** What is empty is left out. */
const configurationOf = (form) =>
  Object.fromEntries([...new FormData(form)].filter(([, value]) => value.trim() !== ''));

const input = (name, title, attributes = {}) =>
  element('label', {}, title, element('input', { name, autocomplete: 'off', ...attributes }));

const area = (name, title, placeholder) =>
  element(
    'label',
    {},
    title,
    element('textarea', { name, placeholder, rows: 3, spellcheck: 'false', autocomplete: 'off' }),
  );

const choice = (name, title, options, onchange) =>
  element(
    'label',
    {},
    title,
    element(
      'select',
      { name, ...(onchange && { onchange }) },
      ...options.map(([value, text]) => element('option', { value }, text)),
    ),
  );
