/** GET /notice: a text that administrators change without a deployment, from the secrets notice and flags. */
import { z } from 'zod';
import type { Feature } from '../../../src/features/feature.ts';
import { json, route } from '../../../src/http/route.ts';

const settings = z.object({ NOTICE_DEFAULT: z.string().default('') });

export const notice: Feature<typeof settings> = {
  settings,
  create: ({ secrets }, { NOTICE_DEFAULT }) => ({
    routes: [
      route({
        method: 'get',
        path: '/notice',
        summary: 'A notice for users',
        access: 'token',
        answers: { 200: json('The notice', z.strictObject({ notice: z.string() })) },
        async handle(_request, response) {
          const flags = await secrets.getJson('flags', { ttl: 60_000 });
          const text = flags?.notice === false ? null : await secrets.getString('notice');
          response.json({ notice: text ?? NOTICE_DEFAULT });
        },
      }),
    ],
  }),
};
