/** The feature's own secret: the keys of Stripe and SendGrid, read on demand. */
import { z } from 'zod';
import type { FeatureSecret } from '../../declared-secrets.ts';
import { conceal } from '../../secrets/conceal.ts';

const key = z.string().trim().min(1, 'is empty');

export const secrets = {
  'external-api-keys': {
    use: 'on-demand',
    schema: z
      .object({ stripe: key, sendgrid: key })
      .transform((value) => conceal(value, 'stripe', 'sendgrid')),
    variables: {
      stripe: ['STRIPE_SECRET_KEY', 'STRIPE_API_KEY', 'STRIPE_KEY'],
      sendgrid: ['SENDGRID_API_KEY', 'SENDGRID_KEY'],
    },
  },
} satisfies Record<string, FeatureSecret>;

export type ExternalApiKeys = z.output<(typeof secrets)['external-api-keys']['schema']>;
