/** Logs in to the PostgreSQL server of a connection. Errors carry the code only, because PostgreSQL's text quotes input. */
import type pg from 'pg';
import { withConnection } from '../../clients/database/connection.ts';
import { diagnose, type Place } from '../../clients/database/diagnosis.ts';
import type { DatabaseSecret } from '../../secrets/schemas.ts';
import { CredentialError } from './credential-error.ts';

/** Server and login may come from the secret, so they are not named. */
const PLACE: Place = {
  server: 'The server',
  username: 'this user',
  dbname: 'of this name',
  secret: 'the configuration or its secret',
};

/**
 * Connects, runs `work` and disconnects.
 * @param options.address of the host, checked by `requireAllowedAddress`
 * @throws CredentialError when the login fails, the signal's reason, or the error of `work`
 */
export async function withLogin<T>(
  login: DatabaseSecret,
  { address, signal }: { address: string; signal: AbortSignal },
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const applicationName = 'express-secrets-template credentials';
  let loggedIn = false;
  const whenLoggedIn = (client: pg.Client) => {
    loggedIn = true;
    return work(client);
  };
  try {
    return await withConnection(login, whenLoggedIn, { address, applicationName, signal });
  } catch (error) {
    if (loggedIn || signal.aborted) throw error;
    const { code, message, remedy, temporary } = diagnose(error, PLACE);
    throw new CredentialError(temporary ? 'unavailable' : 'refused', `${message} (${code}). ${remedy}`);
  }
}
