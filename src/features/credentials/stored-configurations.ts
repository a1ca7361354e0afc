/** Configurations in PostgreSQL: references by GUID, and no value of a secret. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Database } from '../../clients/database/database.ts';
import { CredentialError } from './credential-error.ts';

export interface StoredConfigurations {
  insert(configuration: object): Promise<string>;
  /** @throws CredentialError for what is no GUID, and for one that is unknown */
  find(guid: string): Promise<unknown>;
}

export function createStoredConfigurations(database: Pick<Database, 'query' | 'read'>): StoredConfigurations {
  return {
    async insert(configuration) {
      const guid = randomUUID();
      await database.query('INSERT INTO credentials (guid, configuration) VALUES ($1, $2)', [
        guid,
        configuration,
      ]);
      return guid;
    },

    async find(guid) {
      if (!z.guid().safeParse(guid).success) throw new CredentialError('invalid', 'This is not a GUID.');
      const { rows } = await database.read<{ configuration: unknown }>(
        'SELECT configuration FROM credentials WHERE guid = $1',
        [guid],
      );
      const [found] = rows;
      if (!found) throw new CredentialError('not-found', 'There are no credentials with this GUID.');
      return found.configuration;
    },
  };
}
