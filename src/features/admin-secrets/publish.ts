/**
 * Puts a new value into use: its shape, its proof, the write, and then the clients of this process change over. A failure
 * before the write changes nothing.
 */
import type { ClientBase } from 'pg';
import { withConnection } from '../../clients/database/connection.ts';
import { withinTime } from '../../deadline.ts';
import type { DeclaredSecret } from '../../declared-secrets.ts';
import { SecretError } from '../../errors.ts';
import { HttpProblem } from '../../http/problem.ts';
import { parseSecret } from '../../secrets/parse-secret.ts';
import { createSecret } from '../../secrets/provider.ts';
import { databaseSchema } from '../../secrets/schemas.ts';
import type { FeatureContext } from '../feature.ts';
import type { AssertAllowed } from './allowed-hosts.ts';
import { assertUsable, prove } from './proposal.ts';
import { whileLocked } from './while-locked.ts';

export interface Publication {
  id: string;
  text: string;
  /** Refuses to create the secret. */
  mustExist: boolean;
}

/** @returns the new version. @throws HttpProblem, SecretError */
export type Publish = (publication: Publication) => Promise<string>;

export interface PublisherOptions
  extends Pick<FeatureContext, 'config' | 'provider' | 'store' | 'secrets' | 'database' | 'clock'> {
  declared: readonly DeclaredSecret[];
  assertAllowed: AssertAllowed;
}

/** Milliseconds to read the current version. */
const PATIENCE = 3_000;

export function createPublisher(options: PublisherOptions): Publish {
  const { config, provider, store, secrets, database, clock, declared, assertAllowed } = options;

  /** Null when the secret does not exist. */
  const currentVersion = async (name: string): Promise<string | null> => {
    try {
      return await withinTime(PATIENCE, clock, async (signal) =>
        provider.version
          ? provider.version(name, { urgent: true, signal })
          : (await provider.read(name, { urgent: true, signal })).version,
      );
    } catch (error) {
      if (error instanceof SecretError && error.code === 'not-found') return null;
      throw error;
    }
  };

  /** Writes over the version that the secret had before the proof, and over no other. */
  const write = async ({ id, text, mustExist }: Publication, proveFirst = async () => {}) => {
    const expected = await currentVersion(config.nameOf(id));
    if (mustExist && expected === null) throw new HttpProblem(404, 'There is no such secret to rotate.');
    await proveFirst();
    return secrets.set(id, text, { expected });
  };

  const locked = <T>(client: ClientBase, work: () => Promise<T>) =>
    whileLocked(client, config.secretNames.database, work);

  /** Takes the lock with the new login: the one in use may be the one that no longer works. */
  const writeDatabase = async (publication: Publication) => {
    if (store.status().some(({ leaseEndsIn }) => leaseEndsIn !== undefined))
      throw new HttpProblem(400, 'Each process has its own login from the backend: there is none to write.');
    const proposed = createSecret({ name: 'database', value: publication.text, version: 'proposed' });
    const version = await withConnection(parseSecret(databaseSchema, proposed), (client) =>
      locked(client, () => write(publication)),
    );
    // Until connections of the new login have taken over; those of the old one end when they are unused. The database
    // logs a failure here and retries by itself, and the new value is written in any case.
    await database.start().catch(() => {});
    return version;
  };

  return async (publication) => {
    const { id, text } = publication;
    const secret = declared.find((one) => one.id === id);
    const name = config.nameOf(id);
    assertUsable(secret, name, text, assertAllowed);
    const proveFirst = () => prove(secret, name, text);
    if (id !== 'database')
      return database.withClient((client) => locked(client, () => write(publication, proveFirst)));
    await proveFirst();
    return writeDatabase(publication);
  };
}
