/** Payments over HTTP: the service on the sandbox, with stand-ins of Stripe and SendGrid. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, describe, it } from 'node:test';
import { type Sandbox, startSandbox } from '../../../sandbox/sandbox.ts';
import { type Service, startService } from '../../../sandbox/service.ts';

let sandbox: Sandbox;
let service: Service;
let token = '';
let output = '';

before(async () => {
  sandbox = await startSandbox({ provider: 'aws' });
  await start();
});

/** Starts the service, which has no key in memory yet. */
async function start() {
  service = startService({ environment: sandbox.environment, reaper: sandbox.reaper });
  for (const stream of [service.process.stdout, service.process.stderr])
    stream?.on('data', (chunk) => {
      output += chunk;
    });
  assert.ok(await service.ready, output);
  token = (await send('/auth/login', sandbox.user)).body.token as string;
}

after(async () => {
  await service?.stop();
  await sandbox?.close();
});
afterEach(() => {
  sandbox.apis.stripe.faults.clear();
  sandbox.apis.sendgrid.faults.clear();
  sandbox.backend.faults?.clear();
});

async function send(path: string, body: object, headers: Record<string, string> = {}) {
  const response = await fetch(`${service.url}${path}`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      ...(token && { Authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, text, body: JSON.parse(text) as Record<string, unknown> };
}

const visa = { amount: 1999, paymentMethod: 'pm_card_visa' };
const charge = (body: object = visa, key: string = randomUUID()) =>
  send('/payments/charge', body, { 'Idempotency-Key': key });
const payments = () => sandbox.apis.stripe.payments();
const mails = () => sandbox.apis.sendgrid.mails();

describe('POST /payments/charge', () => {
  it('charges the card in cents and mails a receipt', async () => {
    const { status, body } = await charge({ ...visa, description: 'One book' });
    assert.equal(status, 200, JSON.stringify(body));
    const [payment] = payments().slice(-1);
    assert.deepEqual(body, {
      id: payment?.id,
      status: 'succeeded',
      amount: 1999,
      currency: 'usd',
      receipt: 'sent',
    });
    assert.deepEqual([payment?.amount, payment?.currency, payment?.description], [1999, 'usd', 'One book']);
    const [mail] = mails().slice(-1);
    assert.deepEqual([mail?.to, mail?.from], ['ada@example.com', 'receipts@example.com']);
    assert.match(mail?.text ?? '', /\$19\.99.*pi_/);
  });

  it('charges once for one Idempotency-Key, and sends the receipt again', async () => {
    const [key, before] = [randomUUID(), payments().length];
    sandbox.apis.sendgrid.faults.inject({ kind: 'unavailable' });
    const first = await charge(visa, key);
    sandbox.apis.sendgrid.faults.clear();
    const second = await charge({ ...visa, email: 'grace@example.com' }, key);
    assert.deepEqual([first.body.receipt, second.body.receipt], ['failed', 'sent']);
    assert.equal(first.body.id, second.body.id);
    assert.equal(payments().length, before + 1);
    assert.equal(mails().at(-1)?.to, 'grace@example.com');
  });

  it('refuses a key that belongs to another payment', async () => {
    const key = randomUUID();
    assert.equal((await charge(visa, key)).status, 200);
    assert.equal((await charge({ ...visa, amount: 2000 }, key)).status, 409);
  });

  it('rotated keys cost no payment', async () => {
    await sandbox.rotateApiKeys();
    const all = await Promise.all(Array.from({ length: 5 }, () => charge()));
    assert.deepEqual(
      new Set(all.map(({ body }) => `${body.status} ${body.receipt}`)),
      new Set(['succeeded sent']),
    );
  });

  it('is valid when the mail fails', async () => {
    for (const kind of ['reset', 'unavailable', 'denied', 'throttled'] as const) {
      sandbox.apis.sendgrid.faults.inject({ kind });
      const { status, body } = await charge();
      assert.deepEqual([status, body.status, body.receipt], [200, 'succeeded', 'failed'], kind);
      sandbox.apis.sendgrid.faults.clear();
    }
  });

  for (const [what, status, body] of [
    ['a card that is declined', 402, { ...visa, paymentMethod: 'pm_card_chargeDeclined' }],
    ['a card that does not exist', 422, { ...visa, paymentMethod: 'pm_unknown' }],
    ['an amount below the minimum', 400, { ...visa, amount: 49 }],
    ['an amount in dollars', 400, { ...visa, amount: 19.99 }],
    ['an amount as text', 400, { ...visa, amount: '1999' }],
    ['another currency', 400, { ...visa, currency: 'eur' }],
    ['no card', 400, { amount: 1999 }],
    ['unknown fields', 400, { ...visa, confirm: false }],
  ] as const)
    it(`${what}: ${status}, and no card is charged`, async () => {
      const before = [payments().length, mails().length];
      assert.equal((await charge(body)).status, status);
      assert.deepEqual([payments().length, mails().length], before);
    });

  it('needs an Idempotency-Key: 400', async () => {
    const before = payments().length;
    assert.equal((await send('/payments/charge', visa)).status, 400);
    assert.equal((await send('/payments/charge', visa, { 'Idempotency-Key': 'k'.repeat(256) })).status, 400);
    assert.equal(payments().length, before);
  });

  it('needs a token: 401', async () => {
    const { status } = await send('/payments/charge', visa, {
      Authorization: 'Bearer no',
      'Idempotency-Key': 'k',
    });
    assert.equal(status, 401);
  });

  for (const [kind, status] of [
    ['unavailable', 502],
    ['reset', 502],
    ['malformed', 502],
    ['throttled', 503],
    ['denied', 503],
    ['identity', 503],
  ] as const)
    it(`Stripe that is ${kind}: ${status}`, async () => {
      sandbox.apis.stripe.faults.inject({ kind });
      const { status: answered, text } = await charge();
      assert.equal(answered, status, text);
    });

  it('no key is in a log or a response', () => {
    for (const value of sandbox.plantedValues()) assert.ok(!output.includes(value));
    assert.doesNotMatch(output, /Invalid API Key|\*\*\*\*/);
  });

  for (const [what, value] of [
    ['one of the keys', { stripe: 'planted' }],
    ['a value', {}],
  ] as const)
    it(`without ${what}: 503, and no card is charged`, async () => {
      await service.stop();
      await sandbox.backend.put(sandbox.nameOf('external-api-keys'), JSON.stringify(value));
      await start();
      const before = payments().length;
      const { status, text } = await charge();
      assert.equal(status, 503, text);
      assert.equal(payments().length, before);
      assert.doesNotMatch(output + text, /planted/);
    });
});
