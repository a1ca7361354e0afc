/** Connections by reference: registered, resolved when they are needed, tested by a real login. */
import { untilAborted } from '../../deadline.ts';
import { type AllowedHost, type Lookup, requireAllowedAddress } from './allowed-hosts.ts';
import { passwordFor, toLogin } from './authentication.ts';
import { type Configuration, configurationSchema } from './configuration.ts';
import { CredentialError } from './credential-error.ts';
import { logIn } from './log-in.ts';
import { type Resolved, resolve, sourceOf } from './resolve.ts';
import type { SourceContext } from './sources.ts';
import type { StoredConfigurations } from './stored-configurations.ts';
import { requireResolved } from './validation.ts';

export interface CredentialsOptions {
  stored: StoredConfigurations;
  sources: Omit<SourceContext, 'signal'>;
  /** Servers that a connection may be made to. */
  hosts: readonly AllowedHost[];
  /** `production` stores nothing. */
  environment: string;
  /** Milliseconds for everything that one call does. Default 10,000. */
  timeout?: number;
  /** Default: the system's. */
  lookup?: Lookup;
}

export interface Credentials {
  /** Proves that every password-like field is a reference, and stores it. @returns its GUID. @throws CredentialError */
  saveCredentials(config: Configuration): Promise<string>;
  /** @throws CredentialError */
  getCredentials(guid: string): Promise<Resolved>;
  /** Resolves and logs in. @param config or the GUID of one. @returns milliseconds. @throws CredentialError */
  testConnection(config: Configuration | string): Promise<number>;
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

  /** Within its time, whatever is being waited for. */
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
    const { data, success } = schema.safeParse(await stored.find(guid));
    if (!success)
      throw new CredentialError(
        'invalid',
        'What is stored under this GUID does not fit its source any more.',
      );
    return data;
  };

  const resolveStored = async (guid: string, signal: AbortSignal) =>
    resolve(await load(guid), { ...sources, signal }, guid);

  return {
    async saveCredentials(config) {
      if (environment === 'production')
        throw new CredentialError('not-allowed', 'Storing credentials is not supported in production.');
      const parsed = schema.parse(config);
      return inTime(async (signal) => {
        // A secret that is named after the GUID does not exist yet, and holds all that is secret by itself.
        const isNamedByGuid = sourceOf(parsed) === 'direct' && parsed['secret-path'] === undefined;
        if (isNamedByGuid) requireResolved(parsed, parsed);
        else await resolve(parsed, { ...sources, signal });
        return stored.insert(parsed);
      });
    },

    getCredentials: (guid) => inTime((signal) => resolveStored(guid, signal)),

    testConnection: (config) =>
      inTime(async (signal) => {
        const started = performance.now();
        const resolved =
          typeof config === 'string'
            ? await resolveStored(config, signal)
            : await resolve(config, { ...sources, signal });
        const target = toLogin(resolved);
        const address = await requireAllowedAddress(target.login, hosts, lookup);
        const password = await passwordFor(target, resolved, sources);
        await logIn({ ...target.login, password }, address, signal);
        return Math.round(performance.now() - started);
      }),
  };
}
