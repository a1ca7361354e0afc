/** Sentences for fields that other documents use for a connection and this service names differently. */

const API =
  'is not part of a PostgreSQL connection. Put the keys of an API into a secret; a route reads it with getJson';

const SENTENCES: Record<string, string> = {
  api_key: API,
  api_secret: API,
  api_token: API,
  user: 'is called username here',
  secret_path: 'is called secret-path here',
  secretArn: 'is called secret_arn here',
  vaultUrl: 'is called vault_url here',
  sslcert: 'is not supported: the server checks a password or a token, not a client certificate',
  sslkey: 'is not supported: the server checks a password or a token, not a client certificate',
};

/** Returns one sentence for each field, without its value. */
export const translate = (fields: readonly string[]): string =>
  fields.map((field) => `${shown(field)} ${sentenceOf(field)}.`).join(' ');

const sentenceOf = (field: string) =>
  Object.hasOwn(SENTENCES, field) ? SENTENCES[field] : 'is not a field of this source';

/** A field name comes from the caller and may have any length. */
const shown = (field: string) => JSON.stringify(field.slice(0, 64));
