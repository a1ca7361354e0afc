/** Payments while their keys rotate and the backend is away, against stand-ins of Stripe and SendGrid, on a turned clock. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type ExternalApis, startExternalApis } from '../../../sandbox/external-apis.ts';
import { createApiKeys } from '../../../src/features/payments/api-keys.ts';
import { createReceipts } from '../../../src/features/payments/receipts.ts';
import { createStripe, StripeFailure } from '../../../src/features/payments/stripe.ts';
import { createOnDemandSecrets } from '../../../src/secrets/on-demand.ts';
import { createFakeClock } from '../../support/clock.ts';
import { silentLogger as logger } from '../../support/logger.ts';
import { createMemoryProvider } from '../../support/memory-provider.ts';

const NAME = 'myapp/external-api-keys';
let apis: ExternalApis;
before(async () => {
  apis = await startExternalApis();
});
after(() => apis.close());
beforeEach(() => apis.revokeKeys());

function createFixture() {
  const clock = createFakeClock();
  const backend = createMemoryProvider();
  const { provider } = backend;
  const put = () => backend.put(NAME, apis.createKeys());
  put();
  const secrets = createOnDemandSecrets({
    provider,
    openWriter: async () => provider,
    nameOf: (id) => `myapp/${id}`,
    written: async () => {},
    clock,
    logger,
  });
  const keys = createApiKeys(secrets, clock);
  const { STRIPE_API_BASE, SENDGRID_API_BASE } = apis.environment;
  const stripe = createStripe({ keys, base: STRIPE_API_BASE });
  const receipts = createReceipts({ keys, base: SENDGRID_API_BASE, sender: 'receipts@example.com' });
  const charge = (since = clock.now()) =>
    stripe.charge({
      amount: 1999,
      paymentMethod: 'pm_card_visa',
      description: undefined,
      user: '42',
      idempotencyKey: randomUUID(),
      since,
    });
  const mail = (since = clock.now()) =>
    receipts.send({ to: 'ada@example.com', amount: 1999, id: 'pi_1', since });
  return { clock, backend, put, keys, charge, mail };
}

const until = async (isTrue: () => boolean) => {
  while (!isTrue()) await delay(5);
};

describe('the keys of payments', () => {
  for (const name of ['charge', 'mail'] as const) {
    it(`${name}: a key that is revoked before the next one is written costs nothing`, async () => {
      const { [name]: use, put, backend, clock } = createFixture();
      await use();
      apis.revokeKeys();
      const uses = Promise.all([use(), use(), use()]);
      await until(() => backend.calls.read === 2);
      await clock.advance(1_000);
      put();
      await clock.advance(5_000);
      await uses;
      assert.equal(backend.calls.read, 3);
    });

    it(`${name}: a refused key waits while the backend does not answer`, async () => {
      const { [name]: use, put, backend, clock } = createFixture();
      await use();
      apis.revokeKeys();
      put();
      backend.fail('unavailable');
      const used = use();
      await until(() => backend.calls.read === 2);
      backend.recover();
      await clock.advance(5_000);
      await used;
    });
  }

  it('a key that stays refused is an error after seven seconds', async () => {
    const { charge, backend, clock } = createFixture();
    await charge();
    apis.revokeKeys();
    const refused = assert.rejects(charge(), StripeFailure);
    await until(() => backend.calls.read === 2);
    await clock.advance(8_000);
    await refused;
    assert.equal(backend.calls.read, 3);
  });

  it('half an hour without the backend costs no payment', async () => {
    const { keys, charge, mail, backend, clock } = createFixture();
    await keys.require();
    backend.fail('unavailable');
    for (let minute = 1; minute < 35; minute += 1) {
      await clock.advance(60_000);
      await keys.require();
    }
    await charge();
    await mail();
    await clock.advance(60_000);
    await assert.rejects(keys.require(), { code: 'unavailable' });
  });

  it('a secret without one of the keys does not replace a whole one', async () => {
    const { keys, charge, backend, clock } = createFixture();
    await keys.require();
    backend.put(NAME, { stripe: 'planted' });
    await clock.advance(300_000);
    await charge();
  });
});
