/** What consumes each secret: its client, and the proof that a value works. A secret is one line in each. */
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { LiveSecrets } from '../secrets/live-secrets.ts';
import type { SecretId, SecretValue } from '../secrets/schemas.ts';
import { createDatabase } from './database/database.ts';
import { databaseProof } from './database/proof.ts';
import { createTokens } from './jwt.ts';
import { jwtProof } from './jwt-proof.ts';
import { createChat } from './openai.ts';
import { openaiProof } from './openai-proof.ts';
import type { Proof } from './proof.ts';

export interface ClientOptions {
  live: LiveSecrets;
  clock: Clock;
  logger: Logger;
  /** Milliseconds in which every replica sees a new signing key. */
  keyPropagation: number;
}

export type Clients = ReturnType<typeof createClients>;

/** Does no I/O. */
export const createClients = ({ live, clock, logger, keyPropagation }: ClientOptions) => ({
  database: createDatabase({ secret: live.database, clock, logger }),
  tokens: createTokens({ secret: live.jwt, clock, propagation: keyPropagation }),
  chat: createChat({ secret: live.openai, clock }),
});

/** A value of a secret that is not here is checked by its shape only. */
export const PROOFS: { readonly [Id in SecretId]?: Proof<SecretValue<Id>> } = {
  database: databaseProof,
  jwt: jwtProof,
  openai: openaiProof,
};
