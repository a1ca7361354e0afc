/** What the program knows of one backend. Each folder of `providers/` exports one of these from its `backend.ts`. */
import type { Clock } from '../clock.ts';
import type { Environment, Variable, VariableProblem } from '../variables.ts';
import type { SecretProvider } from './provider.ts';

/** Cheap to import: a backend's SDK is imported by `create` and `describeIdentity`, not before. */
export interface Backend {
  /** The word in `SECRET_PROVIDER`, in lower case. */
  name: string;
  /** For example `AWS Secrets Manager`. */
  title: string;
  /** How the backend recognises this process, for the README. */
  identity: string;
  /** Joins the words of a name: `myapp/database` or `myapp-database`. */
  separator: '/' | '-';
  /** The backend's name of a secret. @param prefix `SECRET_PREFIX`, with slashes. @param id for example `database` */
  nameOf(prefix: string, id: string): string;
  /** True where a secret can be stored as one secret per field. */
  hasFieldSecrets: boolean;
  /** Milliseconds after which a secret is checked again. `SECRET_TTL` overrides it. */
  ttl: number;
  /** Milliseconds until every replica uses a new version. @param ttl in milliseconds */
  propagation(ttl: number): number;
  variables: readonly Variable[];
  /** Its server, as far as the environment says, also where other variables are wrong. Absent: it has no server. */
  endpoint?(environment: Environment): Endpoint | undefined;
  configure(environment: Environment): Configuration<ConfiguredBackend>;
  /** The identity that writes for administrators. Absent: the service cannot write to this backend. */
  writer?: {
    variables: readonly Variable[];
    configure(environment: Environment): Configuration<Pick<ConfiguredBackend, 'create'>>;
  };
}

export type Configuration<T> = { problems: VariableProblem[] } | T;

export interface ConfiguredBackend {
  location: Location;
  /** Imports the SDK. @throws SecretError where a file that a variable names cannot be read */
  create(clock?: Clock): Promise<SecretProvider>;
  /** One line about this process as the backend sees it. Absent: the backend does not tell. */
  describeIdentity?(): Promise<string>;
}

/** Where secrets are looked for. */
export interface Location {
  /** For example `the region eu-central-1`. */
  name: string;
  /** The variables that choose it. */
  settings: string;
}

export interface Server {
  /** For example `Vault`. */
  service: string;
  /** For example `https://vault.example.com:8200`. */
  address: string;
  /** The variable that says where it is, or what else does. */
  setting: string;
  /** The variable that names a PEM file of authorities to trust. */
  authorities: string;
}

export interface Endpoint extends Server {
  /** Answers every caller, without a login. */
  path: string;
  /** A PEM file with the only authorities to trust. Default: Node's. */
  certificates?: string | undefined;
}

/** The usual names: `myapp/database`. */
export const slashed = (prefix: string, id: string): string => `${prefix}/${id}`;

/** The usual TTL, in milliseconds. */
export const TTL = 300_000;

/** Replicas check within the TTL. The half that is added allows for one failed check. */
export const afterCheck = (ttl: number): number => ttl * 1.5;
