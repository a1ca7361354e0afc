import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { sampleValue } from '../../sandbox/sample-value.ts';
import { openaiSchema } from '../../src/secrets/schemas.ts';

describe('a sample value', () => {
  it('has the required fields and differs each time', () => {
    const first = openaiSchema.parse(sampleValue(openaiSchema));
    const second = openaiSchema.parse(sampleValue(openaiSchema));
    assert.ok(first.api_key.length >= 32);
    assert.notEqual(first.api_key, second.api_key);
    assert.equal(first.organization, undefined);
  });

  it('keeps to types, bounds and examples', () => {
    const shape = {
      url: z.url(),
      mail: z.email(),
      port: z.coerce.number().int().min(1024),
      ratio: z.number().positive(),
      mode: z.enum(['slow', 'fast']),
      on: z.boolean(),
      code: z.string().length(4),
      key: z.string().min(100),
      hosts: z.array(z.string()),
      region: z
        .string()
        .regex(/^[a-z]{2}-\d$/)
        .meta({ examples: ['eu-1'] }),
    };
    const { port, mode, region } = z.object(shape).parse(sampleValue(z.object(shape)));
    assert.deepEqual({ port, mode, region }, { port: 1024, mode: 'slow', region: 'eu-1' });
  });

  it('says what to do for a shape that only examples satisfy', () => {
    assert.throws(
      () => sampleValue(z.object({ region: z.string().regex(/^eu-\d$/) })),
      /Give fields an example/,
    );
  });
});
