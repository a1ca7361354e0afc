/** Reads the environment once. The configuration holds no secret; one report lists everything that is missing or wrong. */
import type { z } from 'zod';
import { type Clock, systemClock } from './clock.ts';
import { type Problem, problemOf, SecretError, StartupError } from './errors.ts';
import type { Backend, Configuration, ConfiguredBackend } from './secrets/backend.ts';
import { overrideVariable, secretName } from './secrets/names.ts';
import type { SecretProvider } from './secrets/provider.ts';
import { findBackend, providerNames, writableNames } from './secrets/providers/registry.ts';
import { SECRET_IDS, type SecretId } from './secrets/schemas.ts';
import { type LOG_LEVELS, settings } from './settings.ts';
import { problemsOf, type VariableProblem, withoutBlanks } from './variables.ts';

export interface Config {
  environment: string;
  host: string;
  port: number;
  logLevel: (typeof LOG_LEVELS)[number];
  /** Milliseconds until every required secret must be loaded and proven. */
  startupTimeout: number;
  /** Milliseconds after which a secret is checked again. */
  secretTtl: number;
  /** Milliseconds until every replica has a new signing key. */
  keyPropagation: number;
  /** Logins per minute and address. */
  loginRateLimit: number;
  /** Proxies in front of the service. */
  trustedProxies: number;
  backend: Backend & Pick<ConfiguredBackend, 'location' | 'describeIdentity'>;
  /** The first part of every secret's name. */
  secretPrefix: string;
  secretNames: Record<SecretId, string>;
  /** Imports the backend's SDK and builds its provider. @throws StartupError */
  createProvider(clock?: Clock): Promise<SecretProvider>;
  /** The same backend with the identity that writes. @throws StartupError when no variable says which */
  createWriter(): Promise<SecretProvider>;
  /** The backend's name of a secret: of a part's own too, or any other under the prefix. @throws SecretError */
  nameOf(id: string): string;
  /** The settings of one of the parts that `loadConfig` was called with. */
  settingsOf<S extends z.ZodType>(part: Configurable<S>): z.infer<S>;
}

/** A part of the service with environment variables of its own, and perhaps secrets. */
export interface Configurable<S extends z.ZodType = z.ZodType> {
  settings: S;
  /** By id. */
  secrets?: Readonly<Record<string, unknown>>;
}

/**
 * @param parts their settings are checked too
 * @throws StartupError that lists every variable to fix (exit code 78)
 */
export function loadConfig(environment: NodeJS.ProcessEnv, parts: readonly Configurable[] = []): Config {
  const env = withoutBlanks(environment);
  const core = settings.safeParse(env);
  const partSettings = new Map(parts.map((part) => [part, part.settings.safeParse(env)]));
  const backend = findBackend(env.SECRET_PROVIDER ?? '');
  const configured = backend?.configure(env);
  const writer = backend?.writer?.configure(env);

  const problems = [
    ...(backend ? [] : [unknownProvider(env.SECRET_PROVIDER)]),
    ...(core.error ? problemsOf(core.error) : []).map(toProblem),
    ...problemsIn(configured).map(toProblem),
    ...[...partSettings.values()].flatMap(({ error }) => (error ? problemsOf(error) : [])).map(toProblem),
    // Only commands and features that write need one. Half an identity is a mistake in any case.
    ...(backend?.writer?.variables.some(({ name }) => name in env) ? problemsIn(writer).map(toProblem) : []),
  ];
  if (!core.success || !backend || !configured || 'problems' in configured || problems.length > 0)
    throw incomplete(problems.filter(isFirst));

  const { data } = core;
  const secretTtl = data.SECRET_TTL === undefined ? backend.ttl : data.SECRET_TTL * 1000;
  const naming = { backend, prefix: data.SECRET_PREFIX };
  const declared = [...SECRET_IDS, ...parts.flatMap(({ secrets = {} }) => Object.keys(secrets))];
  const secretNames = Object.fromEntries(
    declared.map((id) => [id, secretName(id, { ...naming, override: env[overrideVariable(id)] })]),
  ) as Record<SecretId, string>;
  const { location, describeIdentity } = configured;

  return {
    environment: data.NODE_ENV,
    host: data.HOST,
    port: data.PORT,
    logLevel: data.LOG_LEVEL,
    startupTimeout: data.SECRET_STARTUP_TIMEOUT * 1000,
    secretTtl,
    keyPropagation: backend.propagation(secretTtl),
    loginRateLimit: data.LOGIN_RATE_LIMIT,
    trustedProxies: data.TRUSTED_PROXIES,
    backend: { ...backend, location, ...(describeIdentity && { describeIdentity }) },
    secretPrefix: data.SECRET_PREFIX,
    secretNames,
    nameOf: (id) => (Object.hasOwn(secretNames, id) ? secretNames[id as SecretId] : secretName(id, naming)),
    createProvider: (clock = systemClock) => create(backend, configured, clock),
    async createWriter() {
      if (!writer) throw incomplete([cannotWrite(backend)]);
      if ('problems' in writer) throw incomplete(writer.problems.map(toProblem));
      return create(backend, writer, systemClock);
    },
    settingsOf: <S extends z.ZodType>(part: Configurable<S>) => partSettings.get(part)?.data as z.infer<S>,
  };
}

/** A file that a variable names may be missing. @throws StartupError */
async function create(
  { name }: Backend,
  configured: Pick<ConfiguredBackend, 'create'>,
  clock: Clock,
): Promise<SecretProvider> {
  try {
    return await configured.create(clock);
  } catch (error) {
    throw error instanceof SecretError ? incomplete([problemOf(name, error)]) : error;
  }
}

const incomplete = (problems: Problem[]) =>
  new StartupError('The configuration is incomplete.', problems, { temporary: false });

const problemsIn = (configuration: Configuration<object> | undefined): VariableProblem[] =>
  configuration && 'problems' in configuration ? configuration.problems : [];

const toProblem = ({ variable, message }: VariableProblem): Problem => ({
  subject: variable,
  code: 'configuration',
  message,
  remedy: 'Set it in the environment; .env.example shows every variable.',
});

/** The writer shares variables with the reader. */
const isFirst = ({ subject, message }: Problem, index: number, all: Problem[]): boolean =>
  !all.slice(0, index).some((other) => other.subject === subject && other.message === message);

const cannotWrite = ({ name }: Backend): Problem => ({
  subject: 'SECRET_PROVIDER',
  code: 'configuration',
  message: `${name} cannot be written to: it reads what something else delivers`,
  remedy: `Write where the secrets come from, or choose ${writableNames()}.`,
});

const unknownProvider = (chosen: string | undefined): Problem => ({
  subject: 'SECRET_PROVIDER',
  code: 'configuration',
  message: chosen === undefined ? 'is not set' : 'names no provider',
  remedy: `Set it to one of: ${providerNames().join(', ')}.`,
});
