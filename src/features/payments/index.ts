/** Charges a card through Stripe and mails a receipt through SendGrid. See README.md. */
import type { Feature } from '../feature.ts';
import { createApiKeys } from './api-keys.ts';
import { createReceipts } from './receipts.ts';
import { paymentRoutes } from './routes.ts';
import { secrets } from './secret.ts';
import { settings } from './settings.ts';
import { createStripe } from './stripe.ts';

export const payments: Feature<typeof settings> = {
  settings,
  secrets,
  create({ secrets: onDemand, clock, logger }, { STRIPE_API_BASE, SENDGRID_API_BASE, RECEIPT_SENDER }) {
    const keys = createApiKeys(onDemand, clock);
    const stripe = createStripe({ keys, base: STRIPE_API_BASE });
    const receipts = createReceipts({ keys, base: SENDGRID_API_BASE, sender: RECEIPT_SENDER });
    return { routes: paymentRoutes({ keys, stripe, receipts, clock, logger }) };
  },
};
