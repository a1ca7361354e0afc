/** Puts the values of a secret where a configuration refers to them. Pure: what comes in stays as it is. */

/** What a secret holds: values by key. */
export type SecretData = Readonly<Record<string, unknown>>;

/**
 * A deep copy of `config` in which each string that equals a key of the secret is replaced by the key's value, at the
 * top level and inside `extra`. Every other string stays, and so does everything deeper.
 */
export function applySecretValues(config: SecretData, secretData: SecretData): Record<string, unknown> {
  const fields = replaceStrings(config, secretData);
  return isObject(config.extra) ? { ...fields, extra: replaceStrings(config.extra, secretData) } : fields;
}

/** The same under the name it has for a whole configuration. */
export const resolveCredentials = applySecretValues;

/** Not assigned but made from entries, where a key `__proto__` is one like any other. */
const replaceStrings = (fields: object, secretData: SecretData): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      structuredClone(
        typeof value === 'string' && Object.hasOwn(secretData, value) ? secretData[value] : value,
      ),
    ]),
  );

/** A copy without what is empty, at the top level and inside `extra`. `false` and `0` are values. */
export function dropEmpty(fields: SecretData): Record<string, unknown> {
  const kept = Object.entries(fields).filter(
    ([, value]) => value !== '' && value !== null && value !== undefined,
  );
  return Object.fromEntries(
    kept.map(([name, value]) => [name, name === 'extra' && isObject(value) ? dropEmpty(value) : value]),
  );
}

/**
 * What a secret's text holds: the entries of a JSON object, or the text itself under `key`. A single entry whose
 * value is again the text of a JSON object is unwrapped; arrays, scalars and bad JSON are values.
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

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
