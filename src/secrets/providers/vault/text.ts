/** Vault keeps fields and no text: what is no JSON object goes into one field, and comes back as it was. */

const TEXT = '_text';

/** What is stored for `text`: its own fields when it is a JSON object. */
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
