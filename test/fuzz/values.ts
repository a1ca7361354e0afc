/** Values that a JSON schema allows, of what zod makes of its schemas, and values just beside those. */
import fc from 'fast-check';
import type { JsonSchema } from '../support/contract.ts';

/** @throws Error for an unsupported schema */
export function valuesOf(schema: JsonSchema): fc.Arbitrary<unknown> {
  const {
    type,
    enum: choices,
    anyOf,
    oneOf,
  } = schema as {
    type?: string;
    enum?: unknown[];
    anyOf?: JsonSchema[];
    oneOf?: JsonSchema[];
  };
  if ('const' in schema) return fc.constant(schema.const);
  if (choices) return fc.constantFrom(...choices);
  const alternatives = anyOf ?? oneOf;
  if (alternatives) return fc.oneof(...alternatives.map(valuesOf));
  if (type === undefined) return fc.jsonValue();
  const make = TYPES[type];
  if (!make) throw new Error(`Teach the fuzzer this schema: ${JSON.stringify(schema)}`);
  return make(schema);
}

const TYPES: Record<string, (schema: JsonSchema) => fc.Arbitrary<unknown>> = {
  null: () => fc.constant(null),
  boolean: () => fc.boolean(),
  integer: ({ minimum, exclusiveMinimum, maximum }) =>
    fc.integer({
      min: Math.max(Number(minimum ?? -(2 ** 31)), Number(exclusiveMinimum ?? -Infinity) + 1, -(2 ** 31)),
      max: Math.min(Number(maximum ?? 2 ** 31 - 1), 2 ** 31 - 1),
    }),
  number: ({ minimum, exclusiveMinimum, maximum }) =>
    fc.double({
      min: Number(minimum ?? exclusiveMinimum ?? -1e6),
      max: Number(maximum ?? 1e6),
      minExcluded: exclusiveMinimum !== undefined,
      noNaN: true,
    }),
  string: strings,
  array: ({ items, minItems = 0, maxItems = 10 }) =>
    fc.array(valuesOf(items as JsonSchema), {
      minLength: Number(minItems),
      maxLength: Math.min(Number(maxItems), 10),
    }),
  object: objects,
};

const FORMATS: Record<string, () => fc.Arbitrary<string>> = {
  email: () => fc.emailAddress(),
  uuid: () => fc.uuid(),
  uri: () => fc.webUrl(),
  'date-time': () => fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
};

function strings({ format, pattern, minLength = 0, maxLength = 200 }: JsonSchema): fc.Arbitrary<string> {
  const [min, max] = [Number(minLength), Number(maxLength)];
  const expression = pattern === undefined ? undefined : new RegExp(String(pattern), 'u');
  // A pattern that is not anchored, such as /\S/, is met by most strings.
  const ofPattern = expression?.source.startsWith('^') ? fc.stringMatching(expression) : undefined;
  const any = fc.string({ unit: 'grapheme', minLength: min, maxLength: Math.min(max, min + 200) });
  const made = FORMATS[String(format)]?.() ?? ofPattern ?? any;
  // JavaScript counts other units than JSON Schema; a limit that both keep to leaves no doubt.
  return made.filter((text) => {
    const length = [...text].length;
    return length >= min && text.length <= max && (expression?.test(text) ?? true);
  });
}

function objects(schema: JsonSchema): fc.Arbitrary<unknown> {
  const {
    properties = {},
    required = [],
    additionalProperties,
    propertyNames,
  } = schema as {
    properties?: Record<string, JsonSchema>;
    required?: string[];
    additionalProperties?: JsonSchema | boolean;
    propertyNames?: JsonSchema;
  };
  const named = fc.record(
    Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, valuesOf(value)])),
    { requiredKeys: required },
  );
  if (typeof additionalProperties !== 'object') return named;
  const key = propertyNames ? (valuesOf(propertyNames) as fc.Arbitrary<string>) : fc.string();
  const others = fc.dictionary(key, valuesOf(additionalProperties), { maxKeys: 5 });
  return fc.tuple(others, named).map(([more, known]) => ({ ...more, ...known }));
}

/** Objects of a schema with one thing changed: a field left out, added, or of another kind. */
export const almostValuesOf = (schema: JsonSchema): fc.Arbitrary<unknown> =>
  fc
    .tuple(valuesOf(schema), fc.nat(), fc.oneof(fc.constant(undefined), strange), fc.constantFrom(...KEYS))
    .map(([value, index, other, key]) => {
      if (typeof value !== 'object' || value === null) return other;
      const keys = [...Object.keys(value), key];
      // Own properties, also where the name is `__proto__`.
      return Object.fromEntries([...Object.entries(value), [keys[index % keys.length] ?? key, other]]);
    });

const KEYS = ['extra', '', '__proto__', 'constructor', 'prototype', 'toString'];

const strange: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom('', ' ', '\u0000', '\ud800', "' OR 1=1 --", '../../etc/passwd', '\r\nX: y'),
  fc.constantFrom(0, -1, 1e308, 2 ** 53, true, null, [], {}, [[]]),
  fc.constantFrom(300, 20_001, 90_000).map((length) => 'x'.repeat(length)),
  fc.constantFrom(100, 5_000).map((depth) => nested(depth)),
);

const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));
