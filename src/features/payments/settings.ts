/** The feature's environment variables. The two addresses are for the sandbox: the SDKs know their own. */
import { z } from 'zod';

const address = { protocol: /^https?$/, error: 'must be a URL' };

export const settings = z.object({
  STRIPE_API_BASE: z.url(address).optional(),
  SENDGRID_API_BASE: z.url(address).optional(),
  /** Whom receipts come from: an address that SendGrid has verified. */
  RECEIPT_SENDER: z.email('must be an email address').default('receipts@example.com'),
});
