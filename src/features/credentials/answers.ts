/** What the routes of this feature answer, and the parameter they take. */
import { z } from 'zod';
import { json } from '../../http/route.ts';

export const guidParameter = z.object({ guid: z.guid() });

export const guidAnswer = json('The GUID of the saved connection', z.strictObject({ guid: z.guid() }));

const storedSchema = z.strictObject({
  guid: z.guid(),
  createdAt: z.iso.datetime(),
  configuration: z.record(z.string(), z.unknown()).describe('As it was saved: references, no values'),
});
export const stored = json('The saved connection', storedSchema);
export const listAnswer = json(
  'The newest first, at most 1,000',
  z.strictObject({ credentials: z.array(storedSchema) }),
);

export const sourceList = json(
  'The sources and the fields that locate a secret there',
  z.strictObject({
    sources: z.array(
      z.strictObject({
        name: z.string(),
        title: z.string(),
        fields: z.array(
          z.strictObject({ name: z.string(), title: z.string(), example: z.string(), required: z.boolean() }),
        ),
      }),
    ),
  }),
);

export const connected = json(
  'The login succeeded',
  z.strictObject({
    connected: z.literal(true),
    latencyMs: z.int().min(0).describe('Includes reading the secret'),
  }),
);

export const fieldList = json(
  'The fields and where their values come from',
  z.strictObject({
    fields: z.array(z.strictObject({ name: z.string(), from: z.enum(['configuration', 'secret']) })),
  }),
);
