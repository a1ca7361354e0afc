/** The canary before the service listens: a real login with the loaded secret, retried while that can help. */
import type { Logger } from 'pino';
import type { Clock } from '../../clock.ts';
import { StartupError } from '../../errors.ts';
import type { LiveSecret } from '../../secrets/live-secret.ts';
import type { DatabaseSecret } from '../../secrets/schemas.ts';
import type { Database } from './database.ts';

export interface ProveDatabaseOptions {
  database: Database;
  secret: LiveSecret<DatabaseSecret>;
  clock: Clock;
  logger: Logger;
  /** Milliseconds in which the database must have answered. */
  timeout: number;
}

const PAUSE = 500;

/** @throws StartupError exit code 75 while the database is away, 78 when a person must act */
export async function proveDatabase({
  database,
  secret,
  clock,
  logger,
  timeout,
}: ProveDatabaseOptions): Promise<void> {
  const deadline = clock.now() + timeout;
  /** The network may be silent for longer than there is time. */
  const startInTime = async () => {
    const done = new AbortController();
    const late = clock.sleep(Math.max(deadline - clock.now(), 1), done.signal).then(() => {
      throw Object.assign(new Error(`No answer within ${timeout} ms`), { code: 'ETIMEDOUT' });
    });
    late.catch(() => {});
    return Promise.race([database.start(), late]).finally(() => done.abort());
  };
  for (;;) {
    try {
      return await startInTime();
    } catch (error) {
      const problem = {
        subject: 'database',
        ...diagnose(error, { ...secret.current().value, name: secret.name }),
      };
      if (!problem.temporary || clock.now() + PAUSE >= deadline)
        throw new StartupError('The database cannot be used.', [problem], {
          temporary: problem.temporary,
          cause: error,
        });
      logger.warn({ code: problem.code }, `${problem.message}; trying again`);
      await clock.sleep(PAUSE);
    }
  }
}

export interface Place {
  name: string;
  username: string;
  host: string;
  port: number;
  dbname: string;
}

export interface Diagnosis {
  code: string;
  message: string;
  remedy: string;
  temporary: boolean;
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
export function diagnose(error: unknown, { name, username, host, port, dbname }: Place): Diagnosis {
  const code = String((error as { code?: unknown }).code ?? 'unavailable');
  const server = `PostgreSQL at ${host}:${port}`;
  const permanent = (message: string, remedy: string) => ({ code, message, remedy, temporary: false });
  switch (code) {
    case '28P01':
      return permanent(
        `${server} refuses the login of ${username}`,
        `Make username and password in the secret ${name} those of a role that can log in.`,
      );
    case '28000':
      return permanent(
        `${server} lets ${username} not log in this way`,
        'Check that the role has LOGIN, what pg_hba.conf says of it, and whether the server asks for TLS (sslmode).',
      );
    case '3D000':
      return permanent(
        `${server} has no database ${dbname}`,
        `Create it, or correct dbname in the secret ${name}.`,
      );
    case '42P01':
      return permanent(`The database ${dbname} has no table users`, 'Run the migrations: npm run migrate');
    case '42501':
      return permanent(
        `${username} may not read the table users`,
        `Grant the role myapp_app to ${username}; the migrations give that role its rights.`,
      );
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return permanent(
        `The certificate of ${server} is not trusted`,
        `Put the authority's certificate into ca_cert of the secret ${name}, and the host it is made for into host.`,
      );
    default:
      return {
        code,
        message: `${server} does not answer`,
        remedy: `Check that it runs, host and port in the secret ${name}, and the network between.`,
        temporary: true,
      };
  }
}
