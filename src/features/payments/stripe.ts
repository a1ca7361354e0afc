/** Charges through Stripe. A charge that is repeated with the same key is one charge. https://docs.stripe.com/api/idempotent_requests */
import type { Stripe } from 'stripe';
import type { ApiKeys } from './api-keys.ts';

export interface Charge {
  /** In cents. */
  amount: number;
  paymentMethod: string;
  description: string | undefined;
  /** The caller's id: a key that somebody else has used is then refused, and not answered with their payment. */
  user: string;
  idempotencyKey: string;
}

export interface Charged {
  id: string;
  status: string;
}

export interface StripeClient {
  /** @throws StripeFailure */
  charge(charge: Charge): Promise<Charged>;
}

/** What Stripe says, without its own words: they quote the end of a refused key. */
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

const isKeyRefused = (error: unknown) => error instanceof StripeFailure && error.status === 401;

/** @param options.base where to find Stripe. Default: where it is */
export function createStripe({ keys, base }: { keys: ApiKeys; base: string | undefined }): StripeClient {
  let made: { key: string; client: Stripe } | undefined;

  /** Loaded when somebody pays, so that nobody else waits for it. */
  const clientFor = async (key: string): Promise<Stripe> => {
    if (made?.key === key) return made.client;
    const { Stripe } = await import('stripe');
    const client = new Stripe(key, {
      maxNetworkRetries: 1,
      timeout: 20_000,
      telemetry: false,
      ...address(base),
    });
    made = { key, client };
    return client;
  };

  return {
    charge: ({ amount, paymentMethod, description, user, idempotencyKey }) =>
      keys.use(
        'stripe',
        async (key) => {
          const { paymentIntents } = await clientFor(key);
          const { id, status } = await paymentIntents
            .create(
              {
                amount,
                currency: 'usd',
                payment_method: paymentMethod,
                confirm: true,
                // Nobody is there whom the bank could ask.
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
        },
        isKeyRefused,
      ),
  };
}

function address(base: string | undefined) {
  if (base === undefined) return {};
  const { hostname, port, protocol } = new URL(base);
  return { host: hostname, port, protocol: protocol === 'http:' ? ('http' as const) : ('https' as const) };
}
