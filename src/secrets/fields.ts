/** Names of a secret's fields, read from its schema. Aliases are names too: backends may store one secret per field. */
import { z } from 'zod';

/** Aliases by the schema that `aliased` made. */
const ALIASES = z.registry<{ field: string; alias: string }>();

/** Accepts `alias` for `field`. Refuses both with different values: it is open which one is meant. */
export function aliased<T extends z.ZodType>(field: string, alias: string, schema: T) {
  const either = z.preprocess((input, context) => {
    if (typeof input !== 'object' || input === null || !(alias in input)) return input;
    const { [alias]: aliasValue, ...rest } = input as Record<string, unknown>;
    if (field in rest && rest[field] !== aliasValue)
      context.addIssue({
        code: 'custom',
        path: [field],
        message: `differs from its alias ${alias}; keep one`,
      });
    return { ...rest, [field]: aliasValue };
  }, schema);
  ALIASES.add(either, { field, alias });
  return either;
}

/** Each name that a field may have in a backend, with the field it stands for. Empty unless the schema is an object. */
export function fieldNames(schema: z.core.$ZodType): Map<string, string> {
  if (schema instanceof z.ZodObject) return new Map(Object.keys(schema.shape).map((name) => [name, name]));
  if (!(schema instanceof z.ZodPipe)) return new Map();
  const { in: before, out: after } = schema.def;
  const names = fieldNames(before instanceof z.ZodTransform ? after : before);
  const alias = ALIASES.get(schema);
  return alias ? names.set(alias.alias, alias.field) : names;
}
