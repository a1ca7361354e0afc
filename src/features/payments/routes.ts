/** A payment: the card is charged, then the receipt is mailed. */
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Clock } from '../../clock.ts';
import { SecretError } from '../../errors.ts';
import { callerOf } from '../../http/authenticate.ts';
import { HttpProblem } from '../../http/problem.ts';
import { json, problem, type Route, route } from '../../http/route.ts';
import type { ApiKeys } from './api-keys.ts';
import type { Receipts } from './receipts.ts';
import { type StripeClient, StripeFailure } from './stripe.ts';

const chargeBody = z
  .strictObject({
    amount: z.int().min(50).max(99_999_999).describe('In cents'),
    currency: z.literal('usd').default('usd'),
    paymentMethod: z.string().min(1).max(255).describe("Stripe's id of the card, created by Stripe.js"),
    email: z.email().max(254).optional().describe('Where the receipt is sent. Default: the caller'),
    description: z.string().max(500).regex(/\S/, 'is empty').trim().optional(),
  })
  .meta({ examples: [{ amount: 1999, paymentMethod: 'pm_card_visa', description: 'One book' }] });

const chargeHeaders = z.object({
  'idempotency-key': z
    .string()
    .min(1)
    .max(255)
    .describe('Requests with the same key are one payment. The receipt is sent again')
    .meta({ examples: ['8e03978e-40d5-43e8-bc93-6894a57f9324'] }),
});

const payment = z.strictObject({
  id: z.string(),
  status: z.string().describe("Stripe's status: succeeded or processing"),
  amount: z.int(),
  currency: z.literal('usd'),
  receipt: z.enum(['sent', 'failed']).describe('The payment is valid in either case'),
});

export interface PaymentRoutesOptions {
  keys: ApiKeys;
  stripe: StripeClient;
  receipts: Receipts;
  clock: Clock;
  logger: Logger;
}

export const paymentRoutes = ({ keys, stripe, receipts, clock, logger }: PaymentRoutesOptions): Route[] => [
  route({
    method: 'post',
    path: '/payments/charge',
    summary: 'Charge a card and mail a receipt',
    access: 'token',
    parameters: { header: chargeHeaders },
    body: chargeBody,
    answers: {
      200: json('The payment', payment),
      402: problem('The payment was declined'),
      409: problem('The Idempotency-Key belongs to another payment, or the same payment is in progress'),
      422: problem('Stripe does not accept the payment method or the amount'),
      502: problem('Stripe did not answer. Repeat the same request'),
      503: problem('The keys of Stripe or SendGrid are missing or refused, or Stripe is busy'),
    },
    async handle({ body: { amount, currency, paymentMethod, email, description }, headers }, response) {
      const since = clock.now();
      const caller = callerOf(response);
      // Both keys must be there before the card is charged.
      await keys.require().catch(toProblem);
      const { id, status } = await stripe
        .charge({
          amount,
          paymentMethod,
          description,
          user: caller.sub,
          idempotencyKey: String(headers['idempotency-key']),
          since,
        })
        .catch(toProblem);
      const receipt = await receipts.send({ to: email ?? caller.email, amount, id, since }).then(
        () => 'sent',
        (error) => {
          logger.warn({ err: error, payment: id }, 'the receipt was not sent; the payment is valid');
          return 'failed';
        },
      );
      response.json({ id, status, amount, currency, receipt });
    },
  }),
];

function toProblem(cause: unknown): never {
  if (cause instanceof SecretError) throw new HttpProblem(503, 'Payments cannot be made now.', { cause });
  if (!(cause instanceof StripeFailure)) throw cause;
  switch (cause.type) {
    case 'StripeCardError':
      throw new HttpProblem(402, 'The payment was declined.', { cause });
    case 'StripeInvalidRequestError':
      throw new HttpProblem(422, 'Stripe does not accept this payment method or amount.', { cause });
    case 'StripeIdempotencyError':
      throw new HttpProblem(409, 'This Idempotency-Key belongs to another payment.', { cause });
    case 'StripeAuthenticationError':
    case 'StripePermissionError':
      throw new HttpProblem(503, 'Payments cannot be made now.', { cause });
    case 'StripeRateLimitError':
      throw new HttpProblem(503, 'Stripe is busy. Try again later with the same Idempotency-Key.', { cause });
    default:
      if (cause.status === 409) throw new HttpProblem(409, 'The same payment is in progress.', { cause });
      throw new HttpProblem(502, 'Stripe did not answer. Repeat the request with the same Idempotency-Key.', {
        cause,
      });
  }
}
