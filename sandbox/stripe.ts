/**
 * Stripe's payment intents, confirmed on creation, with idempotency keys.
 * https://docs.stripe.com/api/payment_intents/create
 */
import { randomBytes } from 'node:crypto';
import express, { type Response } from 'express';
import { createFaults, type Refusal } from './faults.ts';
import { listen } from './http.ts';

/** https://docs.stripe.com/api/errors */
const REFUSALS: Record<Refusal, [status: number, type: string]> = {
  throttled: [429, 'invalid_request_error'],
  unavailable: [500, 'api_error'],
  denied: [403, 'invalid_request_error'],
  identity: [401, 'invalid_request_error'],
  expired: [401, 'invalid_request_error'],
  sealed: [503, 'api_error'],
  standby: [503, 'api_error'],
};

/** In cents: https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts */
const LEAST = 50;
/** https://docs.stripe.com/testing#declined-payments */
const DECLINED = 'pm_card_chargeDeclined';

interface Payment {
  id: string;
  object: 'payment_intent';
  amount: number;
  currency: string;
  status: string;
  description: string | null;
  metadata: Record<string, string>;
}

interface Outcome {
  status: number;
  body: object;
}

const failure = (status: number, type: string, message: string, code?: string): Outcome => ({
  status,
  body: { error: { type, message, ...(code && { code }) } },
});

export async function startStripe() {
  const keys = new Set<string>();
  const payments: Payment[] = [];
  /** Request and outcome by idempotency key. */
  const answered = new Map<string, { asked: string; outcome: Outcome }>();

  const send = (response: Response, { status, body }: Outcome) => response.status(status).json(body);
  const faults = createFaults((refusal, _request, response) => {
    const [status, type] = REFUSALS[refusal];
    send(response, failure(status, type, `Injected fault: ${refusal}.`));
  });

  const pay = (body: Record<string, string>): Outcome => {
    const { amount, currency = '', payment_method, confirm, description = null } = body;
    const cents = Number(amount);
    if (!Number.isInteger(cents) || currency === '' || confirm !== 'true')
      return failure(400, 'invalid_request_error', 'A required parameter is missing.', 'parameter_missing');
    if (cents < LEAST)
      return failure(
        400,
        'invalid_request_error',
        `Amount must be at least ${LEAST} cents.`,
        'amount_too_small',
      );
    if (payment_method === DECLINED)
      return failure(402, 'card_error', 'Your card was declined.', 'card_declined');
    if (!payment_method?.startsWith('pm_card_'))
      return failure(
        400,
        'invalid_request_error',
        `No such PaymentMethod: '${payment_method}'`,
        'resource_missing',
      );
    const payment: Payment = {
      id: `pi_${randomBytes(12).toString('hex')}`,
      object: 'payment_intent',
      amount: cents,
      currency,
      status: 'succeeded',
      description,
      metadata: body['metadata[user]'] ? { user: body['metadata[user]'] } : {},
    };
    payments.push(payment);
    return { status: 200, body: payment };
  };

  const app = express();
  app.use(express.urlencoded({ extended: false }), faults.middleware);
  app.use((request, response, next) => {
    const key = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
    if (keys.has(key)) return next();
    // Stripe quotes the end of the key here; the service must not repeat this message.
    send(response, failure(401, 'invalid_request_error', `Invalid API Key provided: ****${key.slice(-4)}`));
  });
  app.post('/v1/payment_intents', ({ body, headers }, response) => {
    const key = String(headers['idempotency-key']);
    const asked = JSON.stringify(body);
    const before = answered.get(key);
    if (before && before.asked !== asked)
      return void send(
        response,
        failure(
          400,
          'idempotency_error',
          'Keys for idempotent requests can only be used with the same parameters.',
        ),
      );
    const outcome = before?.outcome ?? pay(body);
    // Stripe does not keep the outcome of an invalid request.
    if (outcome.status !== 400) answered.set(key, { asked, outcome });
    if (before) response.set('Idempotent-Replayed', 'true');
    send(response, outcome);
  });

  const { url, close } = await listen(app);
  return {
    url,
    faults,
    /** Makes a key that is accepted until it is revoked. */
    createKey() {
      const key = `sandbox-${randomBytes(24).toString('base64url')}`;
      keys.add(key);
      return key;
    },
    revokeKeys: () => keys.clear(),
    payments: () => [...payments],
    close,
  };
}
