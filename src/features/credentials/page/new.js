/** Shows the fields of what is chosen, and sends them. The token is kept by this page alone and for as long as it is open. */
const login = document.querySelector('#login');
const connection = document.querySelector('#connection');
const outcome = document.querySelector('#outcome');
let token = '';

/** A disabled fieldset is not sent. */
function show(attribute, chosen) {
  for (const fieldset of connection.querySelectorAll(`[data-${attribute}]`))
    fieldset.hidden = fieldset.disabled = fieldset.dataset[attribute] !== chosen;
}

function showChosen() {
  show('source', connection.elements.credentialSource.value);
  show('authentication', connection.elements.authType.value);
}

/** `extra.database` is a field inside `extra`; what is empty is left out. */
function configuration() {
  const fields = [...new FormData(connection)].filter(([, value]) => value.trim() !== '');
  const top = fields.filter(([name]) => !name.startsWith('extra.'));
  const extra = fields
    .filter(([name]) => name.startsWith('extra.'))
    .map(([name, value]) => [name.slice(6), value]);
  return { ...Object.fromEntries(top), ...(extra.length > 0 && { extra: Object.fromEntries(extra) }) };
}

async function post(path, body) {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (response.ok) return answer;
  if (response.status === 401) askToLogIn();
  const errors = (answer.errors ?? []).map(({ path: field, message }) => `${field}: ${message}`);
  throw new Error([answer.detail, ...errors].join('\n'));
}

function askToLogIn() {
  token = '';
  login.hidden = false;
  connection.hidden = true;
}

function tell(kind, text) {
  outcome.className = kind;
  outcome.textContent = text;
}

/** One request at a time; its outcome is read out. */
async function run(form, waiting, work) {
  const buttons = [...form.querySelectorAll('button')];
  for (const button of buttons) button.disabled = true;
  tell('waiting', waiting);
  try {
    tell('good', await work());
  } catch (error) {
    tell('bad', error.message);
  }
  for (const button of buttons) button.disabled = false;
}

login.addEventListener('submit', async (event) => {
  event.preventDefault();
  const body = Object.fromEntries(new FormData(login));
  await run(login, 'Logging in.', async () => {
    const session = await post('/auth/login', body);
    if (session.user.role !== 'admin') throw new Error('This needs the role admin.');
    token = session.token;
    return '';
  });
  if (!token) return;
  login.reset();
  login.hidden = true;
  connection.hidden = false;
  connection.querySelector('input:checked').focus();
});

connection.addEventListener('submit', async (event) => {
  event.preventDefault();
  const { submitter } = event;
  await (submitter?.value === 'save'
    ? run(connection, 'Saving.', async () => `Saved as ${(await post('/credentials', configuration())).guid}`)
    : run(connection, 'Connecting.', async () => {
        const { latencyMs } = await post('/credentials/test', configuration());
        return `Connected in ${latencyMs} ms.`;
      }));
  submitter?.focus();
});

connection.addEventListener('change', showChosen);
showChosen();
