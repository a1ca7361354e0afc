/** Replaces references in a configuration with the values of a secret. Pure: the input is not changed. */

/** The values of a secret by key. */
export type SecretData = Readonly<Record<string, unknown>>;

/**
 * Returns a deep copy of `config`. A string that equals a key of the secret is replaced by that key's value, at the top
 * level and inside `extra`. Other strings and deeper levels stay.
 */
export function applySecretValues(config: SecretData, secretData: SecretData): Record<string, unknown> {
  const fields = replaceStrings(config, secretData);
  return isObject(config.extra) ? { ...fields, extra: replaceStrings(config.extra, secretData) } : fields;
}

/** The same function, under its name for a whole configuration. */
export const resolveCredentials = applySecretValues;

/** Built with fromEntries, where `__proto__` is an ordinary key. */
const replaceStrings = (fields: object, secretData: SecretData): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      structuredClone(
        typeof value === 'string' && Object.hasOwn(secretData, value) ? secretData[value] : value,
      ),
    ]),
  );

/** Returns a copy without empty values, at the top level and inside `extra`. `false` and `0` are not empty. */
export function dropEmpty(fields: SecretData): Record<string, unknown> {
  const kept = Object.entries(fields).filter(
    ([, value]) => value !== '' && value !== null && value !== undefined,
  );
  return Object.fromEntries(
    kept.map(([name, value]) => [name, name === 'extra' && isObject(value) ? dropEmpty(value) : value]),
  );
}

/**
 * Parses a secret's text: the entries of a JSON object, or the text itself under `key`. A single entry whose value is
 * the text of a JSON object is unwrapped. Arrays, scalars and bad JSON stay text.
 */
export function toSecretData(key: string, text: string): SecretData {
  const entries = parseObject(text) ?? { [key]: text };
  const [only, ...others] = Object.values(entries);
  return (others.length === 0 && typeof only === 'string' && parseObject(only)) || entries;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
