/** Stripe and SendGrid, and the keys for both: the content of the secret `external-api-keys`. */
import { startSendGrid } from './sendgrid.ts';
import { startStripe } from './stripe.ts';

export type ExternalApis = Awaited<ReturnType<typeof startExternalApis>>;

export async function startExternalApis() {
  const [stripe, sendgrid] = await Promise.all([startStripe(), startSendGrid()]);
  return {
    stripe,
    sendgrid,
    /** Variables with which the service reaches both. */
    environment: { STRIPE_API_BASE: stripe.url, SENDGRID_API_BASE: sendgrid.url },
    createKeys: () => ({ stripe: stripe.createKey(), sendgrid: sendgrid.createKey() }),
    revokeKeys() {
      stripe.revokeKeys();
      sendgrid.revokeKeys();
    },
    async close() {
      await Promise.all([stripe.close(), sendgrid.close()]);
    },
  };
}
