/**
 * Puts a new value into use: its shape, its proof, the write, and then the clients of this process change over. What
 * fails before the write changes nothing.
 */
import type { ClientBase } from 'pg';
import { withConnection } from '../../clients/database/connection.ts';
import { withinTime } from '../../deadline.ts';
import { SecretError } from '../../errors.ts';
import { HttpProblem } from '../../http/problem.ts';
import type { FeatureContext } from '../feature.ts';
import type { AllowedHosts } from './allowed-hosts.ts';
import { databaseProblem, proveDatabase, proveJwt, proveOpenAI } from './proofs.ts';
import { type Proposal, propose } from './proposal.ts';
import { whileLocked } from './while-locked.ts';

export interface Publication {
  id: string;
  text: string;
  /** Only over a value that is there. */
  mustExist: boolean;
}

/** @returns the new version. @throws HttpProblem, SecretError */
export type Publish = (publication: Publication) => Promise<string>;

export interface PublisherOptions extends FeatureContext {
  hosts: AllowedHosts;
}

/** Milliseconds for the look at the version in force. */
const PATIENCE = 3_000;

export function createPublisher(options: PublisherOptions): Publish {
  const { config, provider, store, secrets, database, clock, hosts } = options;

  /** Null where there is none. */
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

  const write = async ({ id, text, mustExist }: Publication, prove: () => Promise<void>) => {
    const expected = await currentVersion(config.nameOf(id));
    if (mustExist && expected === null) throw new HttpProblem(404, 'There is no such secret to rotate.');
    await prove();
    return secrets.set(id, text, { expected });
  };

  /** The lock is taken with the new login, as the one in use may be what has to be replaced. */
  const writeDatabase = async (proposal: Proposal & { id: 'database' }, publication: Publication) => {
    if (store.status().some(({ leaseEndsIn }) => leaseEndsIn !== undefined))
      throw new HttpProblem(400, 'Each process gets a login of its own: there is none to write.');
    const version = await withConnection(proposal.value, async (client) => {
      await proveDatabase(client);
      return locked(client, () => write(publication, async () => {}));
    }).catch((error) => {
      throw error instanceof HttpProblem || error instanceof SecretError ? error : databaseProblem(error);
    });
    // Until connections of the new login have taken over; those of the old one end when they are unused. What fails here
    // is logged and tried again by the database itself, and the new value is written in any case.
    await database.start().catch(() => {});
    return version;
  };

  const locked = <T>(client: ClientBase, work: () => Promise<T>) =>
    whileLocked(client, config.secretNames.database, work);

  return async (publication) => {
    const { id, text } = publication;
    const proposal = propose(id, config.nameOf(id), text, hosts);
    if (proposal.id === 'database') return writeDatabase(proposal, publication);
    return database.withClient((client) =>
      locked(client, () =>
        write(publication, async () => {
          if (proposal.id === 'jwt') proveJwt(proposal.value);
          if (proposal.id === 'openai') await proveOpenAI(proposal.value);
        }),
      ),
    );
  };
}
