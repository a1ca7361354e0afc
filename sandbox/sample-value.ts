/** A value for a secret that the sandbox has no server for: random, and of the shape that its schema asks for. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';

/** Fields that may be missing are left out. @throws Error for a schema that needs examples: `.meta({ examples: [...] })` */
export function sampleValue(schema: z.ZodType): unknown {
  const value = sampleOf(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
  const { error } = schema.safeParse(value);
  if (!error) return value;
  throw new Error(
    `The sandbox finds no value of this shape. Give fields an example, by .meta({ examples: [...] }).`,
    {
      cause: error,
    },
  );
}

function sampleOf(schema: z.core.JSONSchema._JSONSchema): unknown {
  if (typeof schema === 'boolean') return undefined;
  const [option] = schema.anyOf ?? schema.oneOf ?? [];
  const given = [
    schema.examples?.[0],
    schema.default,
    schema.const,
    schema.enum?.[0],
    option && sampleOf(option),
  ];
  const first = given.find((value) => value !== undefined);
  if (first !== undefined) return first;
  switch (schema.type) {
    case 'object': {
      const fields = (schema.required ?? []).map((name) => [name, sampleOf(schema.properties?.[name] ?? {})]);
      return Object.fromEntries(fields);
    }
    case 'array':
      return [];
    case 'integer':
    case 'number':
      return schema.minimum ?? Number(schema.exclusiveMinimum ?? 0) + 1;
    case 'boolean':
      return true;
    case 'string':
      return FORMATS[schema.format ?? ''] ?? randomText(schema.minLength, schema.maxLength);
    default:
      return undefined;
  }
}

/** Nothing listens on the port discard. */
const FORMATS: Record<string, string> = { uri: 'http://127.0.0.1:9/', email: 'sandbox@example.com' };

function randomText(shortest = 0, longest = Number.POSITIVE_INFINITY): string {
  const text = randomBytes(Math.max(32, shortest)).toString('base64url');
  return text.slice(0, Math.min(text.length, longest));
}
