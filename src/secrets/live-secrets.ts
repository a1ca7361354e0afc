/** Live secrets by id, typed by their entries: `database` is a `LiveSecret<DatabaseSecret>`. */
import type { z } from 'zod';
import type { LiveSecret } from './live-secret.ts';
import { layoutOf, type SECRETS, type SecretEntry } from './schemas.ts';
import type { SecretStore } from './store.ts';

/** Those of `Entries` that are loaded at startup. */
export type LiveOf<Entries> = {
  readonly [Id in keyof Entries as Entries[Id] extends { use: 'startup' } ? Id : never]: Entries[Id] extends {
    schema: infer Schema;
  }
    ? LiveSecret<z.output<Schema>>
    : never;
};

export type LiveSecrets = LiveOf<typeof SECRETS>;

/** Adds to the store each secret that is needed at startup. */
export function requireSecrets<Entries extends Readonly<Record<string, SecretEntry>>>(
  store: Pick<SecretStore, 'require'>,
  entries: Entries,
  nameOf: (id: string) => string,
): LiveOf<Entries> {
  const needed = Object.entries(entries).filter(([, { use }]) => use === 'startup');
  const live = needed.map(([id, { schema, history = false }]) => {
    const { fields } = layoutOf(id, schema);
    return [id, store.require({ id, name: nameOf(id), schema, fields, history })];
  });
  return Object.fromEntries(live);
}
