/** Which variables of a `.env` file hold which fields of which secret. Names follow the secret's entry. */
import type { DeclaredSecret } from '../../declared-secrets.ts';
import { fieldNames } from '../../secrets/fields.ts';
import { databaseUrlFields } from './database-url.ts';
import { hoursOf } from './hours.ts';

/** Fields and their values. Holds credentials: do not print. */
export type Fields = Record<string, string>;

/** @throws Error that says what is wrong, without the value */
type Conversion = (value: string) => Fields;

const lifetime: Conversion = (value) => ({ expiry_hours: hoursOf(value) });

/** Variables that hold several fields, or a field in another form, by the id of the secret. */
const CONVERSIONS: Readonly<Record<string, Readonly<Record<string, Conversion>>>> = {
  database: {
    DATABASE_URL: databaseUrlFields,
    DB_URL: databaseUrlFields,
    POSTGRES_URL: databaseUrlFields,
    POSTGRESQL_URL: databaseUrlFields,
    PG_URL: databaseUrlFields,
  },
  jwt: { JWT_EXPIRES_IN: lifetime, JWT_EXPIRATION: lifetime, JWT_EXPIRY: lifetime },
};

/** The variables of each field: `<ID>_<FIELD>`, with its aliases, and those that the secret's entry lists. */
export function variablesOf({ id, schema, variables = {} }: DeclaredSecret): Map<string, string> {
  const prefix = id.replaceAll('-', '_');
  const own = [...fieldNames(schema)].map(([name, field]): [string, string] => [
    `${prefix}_${name}`.toUpperCase(),
    field,
  ]);
  const listed = Object.entries(variables).flatMap(([field, names]) =>
    names.map((name): [string, string] => [name, field]),
  );
  return new Map([...own, ...listed]);
}

/** How to read a variable. Undefined for one that holds nothing of the secret. */
export function conversionOf(secret: DeclaredSecret, variable: string): Conversion | undefined {
  const conversion = CONVERSIONS[secret.id]?.[variable];
  if (conversion) return conversion;
  const field = variablesOf(secret).get(variable);
  return field === undefined ? undefined : (value) => ({ [field]: value });
}
