/** What a person reads of a failure of PostgreSQL: what happened, to what, and what to do now. */
import { codeOf, isTemporary, type Kind, kindOf, meaningOf } from './errors.ts';

/** Phrases that name the parts of a connection. Where they must show no value, they name none. */
export interface Place {
  /** For example `PostgreSQL at db:5432`. */
  server: string;
  username: string;
  dbname: string;
  /** For example `the secret myapp/database`. */
  secret: string;
  /** What the values themselves let suspect of a refused login. */
  suspicion?: string;
}

export interface Diagnosis {
  code: string;
  message: string;
  remedy: string;
  /** Whether waiting can help. */
  temporary: boolean;
}

interface Login {
  username: string;
  password: string;
  host: string;
  port: number;
  dbname: string;
}

/** @param name of the secret. Shows its host, user and database. */
export const placeOf = (name: string, { username, password, host, port, dbname }: Login): Place => ({
  server: `PostgreSQL at ${host}:${port}`,
  username,
  dbname,
  secret: `the secret ${name}`,
  ...(/\s$/.test(password) && { suspicion: ' The password there ends in white space.' }),
});

/** Never quotes what the server said: its words can repeat what they got. */
export function diagnose(error: unknown, place: Place): Diagnosis {
  const code = codeOf(error) || 'unavailable';
  const describe = BY_MEANING[meaningOf(error)] ?? BY_KIND[kindShown(error)];
  const [message, remedy] = describe(place);
  return { code, message, remedy, temporary: isTemporary(error) || code === 'unavailable' };
}

/** What no server has said, and nothing here knows, failed below PostgreSQL. */
const kindShown = (error: unknown): Kind => {
  const kind = kindOf(error);
  return kind === 'statement' && !/^[0-9A-Z]{5}$/.test(codeOf(error)) ? 'away' : kind;
};

type Description = (place: Place) => [message: string, remedy: string];

/** Amazon RDS has authorities of its own, which no machine trusts by default. */
const AUTHORITY =
  'the certificate of the authority that signed it (for Amazon RDS: https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem)';

const BY_MEANING: Record<string, Description> = {
  LOCKED: ({ server, username }) => [
    `${username} may not log in to ${server}`,
    'Give the role the attribute LOGIN, or use another role.',
  ],
  NO_CONNECT: ({ username, dbname }) => [
    `${username} may not connect to the database ${dbname}`,
    `Grant the right CONNECT on it to ${username} or to one of its groups.`,
  ],
  28000: ({ server, username }) => [
    `${server} does not accept ${username} from here`,
    'Check what pg_hba.conf says of this user, database and address.',
  ],
  '42P01': ({ dbname }) => [
    `The database ${dbname} has no table users`,
    'Run the migrations: npm run migrate',
  ],
  TLS_NOT_OFFERED: ({ server, secret }) => [
    `${server} offers no TLS`,
    `Switch TLS on at the server. On a network that is trusted, set sslmode in ${secret} to disable.`,
  ],
  TLS_REQUIRED: ({ server, secret }) => [
    `${server} accepts connections with TLS only`,
    `Set sslmode in ${secret} to verify-full.`,
  ],
  TLS_EXPIRED: ({ server }) => [
    `The certificate of ${server} has expired`,
    'Renew it at the server. If it is still valid, set the clock of this machine.',
  ],
  TLS_NOT_YET_VALID: ({ server }) => [
    `The certificate of ${server} is not valid yet`,
    'Set the clock of this machine, or of the machine that made the certificate.',
  ],
  TLS_OTHER_HOST: ({ server, secret }) => [
    `The certificate of ${server} was made for another host`,
    `Set host in ${secret} to a name that the certificate has, or add this name to the certificate.`,
  ],
  TLS_REVOKED: ({ server }) => [`The certificate of ${server} was revoked`, 'Replace it at the server.'],
  TLS_CLIENT_CERTIFICATE: ({ server }) => [
    `${server} asks for a client certificate, which this service does not have`,
    'Let the role log in with its password: remove clientcert from its line in pg_hba.conf.',
  ],
  TLS_UNTRUSTED: ({ server, secret }) => [
    `The certificate of ${server} is signed by an authority that is not trusted`,
    `Set ca_cert in ${secret} to ${AUTHORITY}. If it is set, make the server send its intermediate certificates.`,
  ],
  TLS_NOT_UNDERSTOOD: ({ server, secret }) => [
    `${server} and this service have no version of TLS in common`,
    `Check that host and port in ${secret} are those of a PostgreSQL that offers TLS 1.2 or later.`,
  ],
};

const BY_KIND: Record<Kind, Description> = {
  login: ({ server, username, secret, suspicion = '' }) => [
    `${server} refuses the login of ${username}`,
    `Set username and password in ${secret} to those of a role that can log in.${suspicion}`,
  ],
  database: ({ server, dbname, secret }) => [
    `${server} has no database ${dbname}`,
    `Create it, or correct dbname in ${secret}.`,
  ],
  rights: ({ username, dbname }) => [
    `${username} lacks a right in the database ${dbname}`,
    `Grant ${username} the right. The service itself needs the role myapp_app, which the migrations prepare.`,
  ],
  full: ({ server }) => [
    `${server} has no connection left`,
    'Raise max_connections or the limit of the role, or use fewer.',
  ],
  tls: ({ server, secret }) => [
    `The certificate of ${server} is not accepted`,
    `Set ca_cert in ${secret} to ${AUTHORITY}.`,
  ],
  away: ({ server, secret }) => [
    `${server} does not answer`,
    `Check that it runs, host and port in ${secret}, and the network between.`,
  ],
  statement: ({ server }) => [
    `${server} refuses a statement`,
    'Read the log of the server for what it says of it.',
  ],
};
