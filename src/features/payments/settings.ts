/** The feature's environment variables. The sandbox sets the two addresses; by default the SDKs use their own. */
import { z } from 'zod';

const address = { protocol: /^https?$/, error: 'must be a URL' };

export const settings = z.object({
  STRIPE_API_BASE: z.url(address).optional(),
  SENDGRID_API_BASE: z.url(address).optional(),
  /** Sender of receipts: an address that SendGrid has verified. */
  RECEIPT_SENDER: z.email('must be an email address').default('receipts@example.com'),
});
