/** Shows the fields of the chosen source and sends them. The token stays in this page and ends with it. */
const login = document.querySelector('#login');
const connection = document.querySelector('#connection');
const outcome = document.querySelector('#outcome');
let token = '';

/** FormData leaves out disabled fieldsets. */
function show(attribute, chosen) {
  for (const fieldset of connection.querySelectorAll(`[data-${attribute}]`))
    fieldset.hidden = fieldset.disabled = !fieldset.dataset[attribute].split(' ').includes(chosen);
}

function showChosen() {
  show('source', connection.elements.credentialSource.value);
  show('authentication', connection.elements.authType.value);
}

/** Empty fields are left out. */
const configuration = () =>
  Object.fromEntries([...new FormData(connection)].filter(([, value]) => value.trim() !== ''));

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

/** One request at a time. Screen readers announce the outcome. */
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
