/** The secrets of an Azure Key Vault: versions that can be disabled, and names that can be deleted and recovered. */
import { randomBytes } from 'node:crypto';
import { KeyVaultError, seconds } from './azure-protocol.ts';

export interface Version {
  id: string;
  value: string;
  contentType?: string | undefined;
  tags?: Record<string, string> | undefined;
  attributes: { enabled: boolean; created: number; updated: number; nbf?: number; exp?: number };
}

export interface StoredSecret {
  name: string;
  /** Oldest first. The last one is current, even when it is disabled. */
  versions: Version[];
  deletedAt?: number;
}

/** Attributes that a request may set. */
export interface SecretBody {
  value?: string;
  contentType?: string;
  tags?: Record<string, string>;
  attributes?: { enabled?: boolean; nbf?: number; exp?: number };
}

const LONGEST_VALUE = 25 * 1024;

/** @param secrets by name. Each new version is stored with `set`, so that a Map may write it to a disk. */
export function createSecrets(secrets = new Map<string, StoredSecret>()) {
  const find = (name: string, { deleted = false } = {}): StoredSecret => {
    const secret = secrets.get(name);
    if (!secret || (secret.deletedAt !== undefined) !== deleted) throw notFound(name);
    return secret;
  };

  return {
    find,

    /** Secrets that are not deleted. */
    list: () => [...secrets.values()].filter(({ deletedAt }) => deletedAt === undefined),

    /** Adds a new current version. */
    set(name: string, { value, contentType, tags, attributes }: SecretBody) {
      if (!/^[0-9a-zA-Z-]{1,127}$/.test(name))
        throw badParameter(`The request URI contains an invalid name: ${encodeURIComponent(name)}`);
      if (typeof value !== 'string' || Buffer.byteLength(value) > LONGEST_VALUE)
        throw badParameter('Property value has invalid value.');
      const secret = secrets.get(name) ?? { name, versions: [] };
      if (secret.deletedAt !== undefined) throw deletedConflict(name);
      const created = seconds();
      const version: Version = {
        id: randomBytes(16).toString('hex'),
        value,
        contentType,
        tags,
        attributes: { enabled: true, created, updated: created, ...attributes },
      };
      secret.versions.push(version);
      secrets.set(name, secret);
      return { secret, version };
    },

    /** Changes attributes, not the value. `id` defaults to the current version's. */
    update(name: string, id: string | undefined, { contentType, tags, attributes }: SecretBody) {
      const secret = find(name);
      const version = findVersion(secret, id);
      if (contentType !== undefined) version.contentType = contentType;
      if (tags !== undefined) version.tags = tags;
      Object.assign(version.attributes, attributes, { updated: seconds() });
      return { secret, version };
    },

    /** Deletes the secret; it can be recovered. */
    remove(name: string) {
      const secret = find(name);
      secret.deletedAt = seconds();
      return secret;
    },

    /** Deletes the secret permanently. */
    purge: (name: string) => void secrets.delete(name),

    recover(name: string) {
      const secret = find(name, { deleted: true });
      delete secret.deletedAt;
      return secret;
    },
  };
}

/** `id` defaults to the current version's. */
export function findVersion(secret: StoredSecret, id?: string): Version {
  const version = id ? secret.versions.find((candidate) => candidate.id === id) : secret.versions.at(-1);
  if (!version) throw notFound(`${secret.name}/${id}`);
  return version;
}

const notFound = (name: string) =>
  new KeyVaultError(
    404,
    'SecretNotFound',
    `A secret with (name/id) ${name} was not found in this key vault. If you recently deleted this secret you may be able to recover it using the correct recovery command.`,
  );

const badParameter = (message: string) => new KeyVaultError(400, 'BadParameter', message);

const deletedConflict = (name: string) =>
  new KeyVaultError(
    409,
    'Conflict',
    `Secret ${name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be recovered or purged.`,
    'ObjectIsDeletedButRecoverable',
  );
