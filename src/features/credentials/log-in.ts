/** Logs in to PostgreSQL once and leaves. A failure is described by its code: the server's words can quote what they got. */
import { withConnection } from '../../clients/database/connection.ts';
import { diagnose, type Place } from '../../clients/database/errors.ts';
import type { DatabaseSecret } from '../../secrets/schemas.ts';
import { CredentialError } from './credential-error.ts';

/** What was resolved from a secret is not shown, so the server and the login have no names here. */
const PLACE: Place = {
  server: 'The server',
  username: 'this user',
  dbname: 'of this name',
  secret: 'the configuration or its secret',
};

/** @param address of the host, which has been checked. @throws CredentialError, or the signal's reason */
export async function logIn(login: DatabaseSecret, address: string, signal: AbortSignal): Promise<void> {
  const applicationName = 'express-secrets-template credentials';
  try {
    await withConnection(login, async () => {}, { address, applicationName, signal });
  } catch (error) {
    if (signal.aborted) throw error;
    const { code, message, remedy, temporary } = diagnose(error, PLACE);
    throw new CredentialError(temporary ? 'unavailable' : 'refused', `${message} (${code}). ${remedy}`);
  }
}
