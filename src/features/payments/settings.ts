/** The feature's environment variables. The sandbox sets the two addresses; by default the SDKs use their own. */
import { z } from 'zod';
import { notes } from '../../variables.ts';

const address = { protocol: /^https?$/, error: 'must be a URL' };

export const settings = z.object({
  RECEIPT_SENDER: z
    .email('must be an email address')
    .default('receipts@example.com')
    .register(notes, { description: 'Sender of receipts, an address that SendGrid has verified.' }),
  STRIPE_API_BASE: z
    .url(address)
    .optional()
    .register(notes, { description: 'Set by the sandbox.', unlisted: true }),
  SENDGRID_API_BASE: z
    .url(address)
    .optional()
    .register(notes, { description: 'Set by the sandbox.', unlisted: true }),
});
