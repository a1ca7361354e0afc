/** The optional fields of a PostgreSQL connection, and the order in which their sources take precedence. */
import { dropEmpty, type SecretData } from './secret-values.ts';

/** Fields that may stand at the top level, inside `extra`, or in the secret itself. */
export const CONNECTION_FIELDS = ['database', 'sslmode', 'ca_cert'] as const;

/** Names that other tools give to these fields. */
export const ALIASES: Record<(typeof CONNECTION_FIELDS)[number], string | undefined> = {
  database: 'dbname',
  sslmode: undefined,
  ca_cert: 'ssl_cert',
};

/** Merges the layers. A later layer takes precedence over an earlier one, under whichever name it has the field. */
export const connectionFields = (...layers: SecretData[]): Record<string, unknown> =>
  Object.assign({}, ...layers.map((layer) => dropEmpty(pick(layer))));

const pick = (layer: SecretData) =>
  Object.fromEntries(
    CONNECTION_FIELDS.map((field) => [field, own(layer, field) ?? own(layer, ALIASES[field])]),
  );

const own = (layer: SecretData, field: string | undefined): unknown =>
  field !== undefined && Object.hasOwn(layer, field) ? layer[field] : undefined;
