/** Reads the environment once. Nothing here is a secret; what is missing or wrong is reported all at once. */
import { z } from 'zod';
import { type Clock, systemClock } from './clock.ts';
import { type Problem, problemOf, SecretError, StartupError } from './errors.ts';
import { overrideVariable, secretName } from './secrets/names.ts';
import type { SecretProvider } from './secrets/provider.ts';
import { findProvider, providerNames } from './secrets/providers/index.ts';
import { SECRET_IDS, type SecretId } from './secrets/schemas.ts';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const wholeNumber = (min: number, max: number) => {
  const message = `must be a whole number from ${min} to ${max}`;
  return z.coerce.number(message).int(message).min(min, message).max(max, message);
};
const seconds = (max: number) => {
  const message = `must be a number of seconds from 1 to ${max}`;
  return z.coerce.number(message).min(1, message).max(max, message);
};

const settingsSchema = z.object({
  NODE_ENV: z.string().default('development'),
  HOST: z.string().default('0.0.0.0'),
  PORT: wholeNumber(0, 65_535).default(3000),
  LOG_LEVEL: z
    .string()
    .toLowerCase()
    .pipe(z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`))
    .default('info'),
  SECRET_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*$/, 'must be words joined by slashes, such as prod/myapp')
    .default('myapp'),
  SECRET_STARTUP_TIMEOUT: seconds(3600).default(30),
  SECRET_TTL: seconds(86_400).optional(),
  LOGIN_RATE_LIMIT: wholeNumber(1, 1_000_000).default(10),
  TRUSTED_PROXIES: wholeNumber(0, 100).default(0),
});

export interface Config {
  environment: string;
  host: string;
  port: number;
  logLevel: (typeof LOG_LEVELS)[number];
  /** Milliseconds in which all required secrets must be loaded and proven. */
  startupTimeout: number;
  /** Milliseconds after which a secret is looked at again. */
  secretTtl: number;
  /** Milliseconds in which every replica sees a new signing key. */
  keyPropagation: number;
  /** Attempts to log in per minute and address. */
  loginRateLimit: number;
  /** Proxies in front of the service. */
  trustedProxies: number;
  secretProvider: string;
  /** The first part of every secret's name. */
  secretPrefix: string;
  secretNames: Record<SecretId, string>;
  /** Imports the chosen SDK and builds its provider. @throws StartupError */
  createProvider(clock?: Clock): Promise<SecretProvider>;
  /** The same backend as the identity that writes. @throws StartupError where nothing says who that is */
  createWriter(): Promise<SecretProvider>;
  /** The backend's name of a secret: of a part's own too, or any other under the prefix. @throws SecretError */
  nameOf(id: string): string;
  /** The settings of one of the parts that the configuration was loaded for. */
  settingsOf<S extends z.ZodType>(part: Configurable<S>): z.infer<S>;
}

/** A part of the service with environment variables of its own, and perhaps secrets. */
export interface Configurable<S extends z.ZodType = z.ZodType> {
  settings: S;
  /** By id. */
  secrets?: Readonly<Record<string, unknown>>;
}

/**
 * @param parts those whose settings belong to the report as well
 * @throws StartupError that lists every variable to mend (exit code 78)
 */
export function loadConfig(environment: NodeJS.ProcessEnv, parts: readonly Configurable[] = []): Config {
  const env = withoutBlanks(environment);
  const settings = settingsSchema.safeParse(env);
  const problems = settings.success ? [] : toProblems(settings.error);

  const chosen = env.SECRET_PROVIDER?.toLowerCase();
  const registration = chosen === undefined ? undefined : findProvider(chosen);
  const providerSettings = registration?.settings.safeParse(env);
  if (!registration) problems.unshift(unknownProvider(chosen));
  if (providerSettings?.error) problems.push(...toProblems(providerSettings.error));
  const partSettings = new Map(parts.map((part) => [part, part.settings.safeParse(env)]));
  for (const { error } of partSettings.values()) if (error) problems.push(...toProblems(error));
  // Needed by whoever writes only; half an identity is a mistake in any case.
  const writerSettings = registration?.writer?.safeParse(env);
  const writerProblems = writerSettings?.error ? toProblems(writerSettings.error) : [];
  if (Object.keys(env).some((name) => name.startsWith('WRITER_'))) problems.push(...writerProblems);

  if (!settings.success || !registration || chosen === undefined || problems.length > 0)
    throw incomplete(problems);

  const { data } = settings;
  const secretTtl = data.SECRET_TTL ?? (chosen === 'file' ? FILE_TTL : TTL);
  const naming = { provider: chosen, prefix: data.SECRET_PREFIX };
  const declared = [...SECRET_IDS, ...parts.flatMap(({ secrets = {} }) => Object.keys(secrets))];
  const secretNames = Object.fromEntries(
    declared.map((id) => [id, secretName(id, { ...naming, override: env[overrideVariable(id)] })]),
  ) as Record<SecretId, string>;
  /** A file that a setting names may be missing. */
  const create = async (settings: never, clock: Clock): Promise<SecretProvider> => {
    try {
      return await registration.create(settings, clock);
    } catch (error) {
      throw error instanceof SecretError ? incomplete([problemOf(chosen, error)]) : error;
    }
  };

  return {
    environment: data.NODE_ENV,
    host: data.HOST,
    port: data.PORT,
    logLevel: data.LOG_LEVEL,
    startupTimeout: data.SECRET_STARTUP_TIMEOUT * 1000,
    secretTtl: secretTtl * 1000,
    keyPropagation: keyPropagation(chosen, secretTtl) * 1000,
    loginRateLimit: data.LOGIN_RATE_LIMIT,
    trustedProxies: data.TRUSTED_PROXIES,
    secretProvider: chosen,
    secretPrefix: data.SECRET_PREFIX,
    secretNames,
    nameOf: (id) => (Object.hasOwn(secretNames, id) ? secretNames[id as SecretId] : secretName(id, naming)),
    createProvider: (clock = systemClock) => create(providerSettings?.data as never, clock),
    async createWriter() {
      if (!registration.writer) throw incomplete([cannotWrite(chosen)]);
      if (writerProblems.length > 0) throw incomplete(writerProblems);
      return create({ ...(providerSettings?.data as object), ...writerSettings?.data } as never, systemClock);
    },
    settingsOf: <S extends z.ZodType>(part: Configurable<S>) => partSettings.get(part)?.data as z.infer<S>,
  };
}

/** Seconds. Looking at a file costs next to nothing, and watching it breaks when a volume is replaced. */
const TTL = 300;
const FILE_TTL = 10;
/** Seconds that the kubelet may take to bring a change to every node. */
const VOLUME_DELAY = 180;

/** Replicas look within the TTL; half of it more is for a look that fails once. */
const keyPropagation = (provider: string, ttl: number) =>
  provider === 'file' ? VOLUME_DELAY + ttl : ttl * 1.5;

/** A variable that is set to nothing is not set: Compose and shells leave many of those. */
const withoutBlanks = (environment: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(
    Object.entries(environment).flatMap(([key, value]) => (value?.trim() ? [[key, value.trim()]] : [])),
  );

const incomplete = (problems: Problem[]) =>
  new StartupError('The configuration is incomplete.', problems, { temporary: false });

const cannotWrite = (provider: string): Problem => ({
  subject: 'SECRET_PROVIDER',
  code: 'configuration',
  message: `${provider} cannot be written to: it reads what something else delivers`,
  remedy: 'Write where the secrets come from, or choose aws, vault or azure.',
});

const toProblems = (error: z.ZodError): Problem[] =>
  error.issues.map(({ path, message }) => ({
    subject: path.join('.'),
    code: 'configuration',
    message,
    remedy: 'Set it in the environment; .env.example shows every variable.',
  }));

const unknownProvider = (chosen: string | undefined): Problem => ({
  subject: 'SECRET_PROVIDER',
  code: 'configuration',
  message: chosen === undefined ? 'is not set' : 'names no provider',
  remedy: `Set it to one of: ${providerNames().join(', ')}.`,
});
