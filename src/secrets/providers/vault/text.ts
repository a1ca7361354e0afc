/** Vault stores fields. A text that is not a JSON object is stored in one field and read back unchanged. */

const TEXT = '_text';

/** The fields to store: those of the JSON object, or one that holds the text. */
export function toFields(text: string): object {
  try {
    const parsed: unknown = JSON.parse(text);
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
    if (isObject && !isWrapped(parsed)) return parsed;
  } catch {}
  return { [TEXT]: text };
}

export const toText = (fields: object): string => (isWrapped(fields) ? fields[TEXT] : JSON.stringify(fields));

const isWrapped = (fields: object): fields is { [TEXT]: string } =>
  TEXT in fields && typeof fields[TEXT] === 'string' && Object.keys(fields).length === 1;
