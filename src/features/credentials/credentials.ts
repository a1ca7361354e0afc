/** Connections by reference: saves them, resolves them, and logs in with them. */
import type pg from 'pg';
import { untilAborted } from '../../deadline.ts';
import { type AllowedHost, type Lookup, requireAllowedAddress } from './allowed-hosts.ts';
import { type Configuration, configurationSchema } from './configuration.ts';
import { CredentialError } from './credential-error.ts';
import { withLogin } from './log-in.ts';
import { toLogin } from './login.ts';
import { type Resolved, resolve, sourceOf } from './resolve.ts';
import type { SourceContext } from './sources.ts';
import type { StoredConfiguration, StoredConfigurations } from './stored-configurations.ts';
import { requireFields, requireResolved } from './validation.ts';

export interface CredentialsOptions {
  stored: StoredConfigurations;
  sources: Omit<SourceContext, 'signal'>;
  /** Servers that a connection may reach. */
  hosts: readonly AllowedHost[];
  /** Nothing is saved in `production`. */
  environment: string;
  /** Milliseconds for everything that one call does. Default 10,000. */
  timeout?: number;
  /** Default: the system's DNS. */
  lookup?: Lookup;
}

/** Every method throws CredentialError. */
export interface Credentials {
  /** Saves a complete configuration whose password-like fields are references. Returns its GUID. */
  saveCredentials(config: Configuration): Promise<string>;
  /** What is saved, the newest first. Contains no value of a secret. */
  listCredentials(): Promise<StoredConfiguration[]>;
  findCredentials(guid: string): Promise<StoredConfiguration>;
  deleteCredentials(guid: string): Promise<void>;
  /** The values of a saved connection, read from its secret now. */
  getCredentials(guid: string): Promise<Resolved>;
  /** Logs in with a configuration, or with the saved one of a GUID. Returns milliseconds. */
  testConnection(config: Configuration | string): Promise<number>;
  /** Logs in with a saved connection and runs `work` there, all within the timeout. Also throws what `work` throws. */
  withConnection<T>(guid: string, work: (client: pg.Client) => Promise<T>): Promise<T>;
}

export function createCredentials({
  stored,
  sources,
  hosts,
  environment,
  timeout = 10_000,
  lookup,
}: CredentialsOptions): Credentials {
  const schema = configurationSchema();

  const inTime = async <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const signal = AbortSignal.timeout(timeout);
    try {
      return await untilAborted(work(signal), signal);
    } catch (error) {
      if (signal.aborted)
        throw new CredentialError('unavailable', `There was no answer within ${timeout / 1000} s.`);
      throw error;
    }
  };

  const load = async (guid: string): Promise<Configuration> => {
    const { data, success } = schema.safeParse((await stored.find(guid)).configuration);
    if (success) return data;
    throw new CredentialError('invalid', 'The saved configuration does not fit its source any more.');
  };

  const resolveStored = async (guid: string, signal: AbortSignal) =>
    resolve(await load(guid), { ...sources, signal }, guid);

  const logIn = async <T>(
    resolved: Resolved,
    signal: AbortSignal,
    work: (client: pg.Client) => Promise<T>,
  ) => {
    const { target, createPassword } = toLogin(resolved, sources.awsPlaces);
    const address = await requireAllowedAddress(target, hosts, lookup);
    return withLogin({ ...target, password: await createPassword() }, { address, signal }, work);
  };

  /** The secret of such a configuration is named after the GUID, so it does not exist yet. */
  const isNamedByGuid = (config: Configuration) =>
    sourceOf(config) === 'direct' && config['secret-path'] === undefined;

  const requireComplete = async (config: Configuration, signal: AbortSignal) => {
    if (!isNamedByGuid(config)) {
      toLogin(await resolve(config, { ...sources, signal }), sources.awsPlaces);
      return;
    }
    requireResolved(config, config);
    requireFields(config, ['host']);
  };

  return {
    async saveCredentials(config) {
      if (environment === 'production')
        throw new CredentialError('not-allowed', 'Storing credentials is not supported in production.');
      const parsed = schema.parse(config);
      return inTime(async (signal) => {
        await requireComplete(parsed, signal);
        return stored.insert(parsed);
      });
    },

    listCredentials: stored.list,
    findCredentials: stored.find,
    deleteCredentials: stored.remove,

    getCredentials: (guid) => inTime((signal) => resolveStored(guid, signal)),

    testConnection: (config) =>
      inTime(async (signal) => {
        const started = performance.now();
        const resolved =
          typeof config === 'string'
            ? await resolveStored(config, signal)
            : await resolve(config, { ...sources, signal });
        await logIn(resolved, signal, async () => {});
        return Math.round(performance.now() - started);
      }),

    withConnection: (guid, work) =>
      inTime(async (signal) => logIn(await resolveStored(guid, signal), signal, work)),
  };
}
