/** Charges through Stripe. Charges with the same Idempotency-Key are one charge. https://docs.stripe.com/api/idempotent_requests */
import type { Stripe } from 'stripe';
import type { ApiKeys } from './api-keys.ts';

export interface Charge {
  /** In cents. */
  amount: number;
  paymentMethod: string;
  description: string | undefined;
  /** The caller's id: an Idempotency-Key of another caller is then refused, and does not return their payment. */
  user: string;
  idempotencyKey: string;
  /** When the request began, on the clock. */
  since: number;
}

export interface Charged {
  id: string;
  status: string;
}

export interface StripeClient {
  /** @throws StripeFailure */
  charge(charge: Charge): Promise<Charged>;
}

/** A failure of Stripe without its message, which quotes the end of a refused key. */
export class StripeFailure extends Error {
  override readonly name = 'StripeFailure';
  /** The SDK's word, such as `StripeCardError`. https://docs.stripe.com/api/errors/handling */
  readonly type: string;
  readonly status: number | undefined;

  constructor({ type = 'unknown', statusCode }: { type?: string; statusCode?: number }) {
    super(`Stripe answered with ${type}.`);
    this.type = type;
    this.status = statusCode;
  }
}

const isRefusal = (error: unknown) => error instanceof StripeFailure && error.status === 401;

/** @param options.base origin in place of Stripe's own */
export function createStripe({ keys, base }: { keys: ApiKeys; base: string | undefined }): StripeClient {
  let made: { key: string; client: Stripe } | undefined;

  /** Imported with the first payment: the SDK costs start-up time and memory. */
  const clientFor = async (key: string): Promise<Stripe> => {
    if (made?.key === key) return made.client;
    const { Stripe } = await import('stripe');
    const client = new Stripe(key, {
      maxNetworkRetries: 1,
      // Two attempts are within the 25 s that a request may wait for a server.
      timeout: 12_000,
      telemetry: false,
      ...address(base),
    });
    made = { key, client };
    return client;
  };

  return {
    charge: ({ amount, paymentMethod, description, user, idempotencyKey, since }) =>
      keys.use('stripe', { isRefusal, since }, async (key) => {
        const { paymentIntents } = await clientFor(key);
        const { id, status } = await paymentIntents
          .create(
            {
              amount,
              currency: 'usd',
              payment_method: paymentMethod,
              confirm: true,
              // The cardholder cannot confirm anything here.
              error_on_requires_action: true,
              automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
              metadata: { user },
              ...(description !== undefined && { description }),
            },
            { idempotencyKey },
          )
          .catch((error) => {
            throw new StripeFailure(error);
          });
        return { id, status };
      }),
  };
}

function address(base: string | undefined) {
  if (base === undefined) return {};
  const { hostname, port, protocol } = new URL(base);
  return { host: hostname, port, protocol: protocol === 'http:' ? ('http' as const) : ('https' as const) };
}
