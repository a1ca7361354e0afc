/** Shows that a value works before it is written: a login, a signature, a call with the key. */
import { createSecretKey } from 'node:crypto';
import jwt from 'jsonwebtoken';
import OpenAI from 'openai';
import type { ClientBase } from 'pg';
import { CANARY } from '../../clients/database/connection.ts';
import { diagnose, type Place } from '../../clients/database/errors.ts';
import { HttpProblem } from '../../http/problem.ts';
import type { JwtSecret, OpenAISecret } from '../../secrets/schemas.ts';

const refused = (reason: string, cause?: unknown) =>
  new HttpProblem(400, `${reason} Nothing was written.`, { cause });
const unanswered = (who: string, cause: unknown) =>
  new HttpProblem(503, `${who} does not answer, so the value cannot be proven. Nothing was written.`, {
    cause,
  });

/** @param client logged in with the new value. A table, because a role without any right can still log in */
export async function proveDatabase(client: ClientBase): Promise<void> {
  await client.query(CANARY);
}

/** The answer shows no part of the value. */
const PLACE: Place = {
  server: 'PostgreSQL',
  username: 'this user',
  dbname: 'of this name',
  secret: 'the value',
};

/** What an error says of the new login. */
export function databaseProblem(error: unknown): unknown {
  const { code, message, remedy, temporary } = diagnose(error, PLACE);
  return temporary ? unanswered('PostgreSQL', error) : refused(`${message} [${code}]. ${remedy}`, error);
}

export function proveJwt({ secret_key, algorithm }: JwtSecret): void {
  const key = createSecretKey(secret_key, 'utf8');
  try {
    jwt.verify(jwt.sign({}, key, { algorithm, expiresIn: 60 }), key, { algorithms: [algorithm] });
  } catch (error) {
    throw refused('The key does not verify what it signs.', error);
  }
}

/** Asks for the model, which costs nothing and shows that the key may use it. */
export async function proveOpenAI({ api_key, model, organization, base_url }: OpenAISecret): Promise<void> {
  const client = new OpenAI({
    apiKey: api_key,
    baseURL: base_url ?? null,
    organization: organization ?? null,
    maxRetries: 0,
    timeout: 10_000,
  });
  try {
    await client.models.retrieve(model);
  } catch (error) {
    const status = error instanceof OpenAI.APIError ? error.status : undefined;
    if (status === 401 || status === 403) throw refused('OpenAI refuses this key.', error);
    if (status === 404) throw refused('This key has no such model.', error);
    throw unanswered('OpenAI', error);
  }
}
