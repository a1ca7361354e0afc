/** Configurations in PostgreSQL. A row holds references, never a value of a secret. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Database } from '../../clients/database/database.ts';
import { CredentialError } from './credential-error.ts';

export interface StoredConfiguration {
  guid: string;
  createdAt: Date;
  configuration: unknown;
}

export interface StoredConfigurations {
  insert(configuration: object): Promise<string>;
  /** The newest first, at most 1,000. */
  list(): Promise<StoredConfiguration[]>;
  /** @throws CredentialError `invalid` for text that is not a GUID, `not-found` for an unknown GUID */
  find(guid: string): Promise<StoredConfiguration>;
  /** @throws as `find` */
  remove(guid: string): Promise<void>;
}

const COLUMNS = 'guid, created_at AS "createdAt", configuration';

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

    async list() {
      const { rows } = await database.read<StoredConfiguration>(
        `SELECT ${COLUMNS} FROM credentials ORDER BY created_at DESC, guid LIMIT 1000`,
      );
      return rows;
    },

    async find(guid) {
      requireGuid(guid);
      const { rows } = await database.read<StoredConfiguration>(
        `SELECT ${COLUMNS} FROM credentials WHERE guid = $1`,
        [guid],
      );
      return rows[0] ?? unknownGuid();
    },

    async remove(guid) {
      requireGuid(guid);
      const { rowCount } = await database.query('DELETE FROM credentials WHERE guid = $1', [guid]);
      if (!rowCount) unknownGuid();
    },
  };
}

function requireGuid(text: string): void {
  if (!z.guid().safeParse(text).success) throw new CredentialError('invalid', 'This is not a GUID.');
}

function unknownGuid(): never {
  throw new CredentialError('not-found', 'There are no credentials with this GUID.');
}
