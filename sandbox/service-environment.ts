/** The environment of a service that uses the sandbox and ignores the developer's own accounts. */

/** Variables that a process needs to run, and those that a developer may want to set. */
const INHERITED = [
  'PATH',
  'HOME',
  'LANG',
  'TERM',
  'TZ',
  'TMPDIR',
  'TEMP',
  'SystemRoot',
  'NODE_ENV',
  'NODE_COMPILE_CACHE',
  'LOG_LEVEL',
  'SECRET_TTL',
  'LOGIN_RATE_LIMIT',
  'ADMIN_SECRETS',
  'ADMIN_SECRET_NAMES',
  'ADMIN_SECRET_HOSTS',
];

/** Paths that do not exist, so that the SDK finds no profile of the developer. */
export const NO_AWS_PROFILE = { AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' };

export function serviceEnvironment(settings: Record<string, string>): Record<string, string> {
  const inherited = INHERITED.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(inherited), ...NO_AWS_PROFILE, ...settings };
}

/** Seconds. Short, because a rotation waits one and a half TTL until every replica has read the secret. */
export const sandboxTtl = (): string => process.env.SECRET_TTL ?? '10';

/** Variables of the shell that would take precedence over the sandbox's in an SDK. */
export const conflictingVariables = (settings: Record<string, string>): string[] =>
  Object.keys(process.env).filter(
    (name) =>
      /^(AWS_|VAULT_|AZURE_|IDENTITY_|MSI_|SECRET_|SECRETS_|WRITER_)/.test(name) &&
      !/_CA_(BUNDLE|CERT)$/.test(name) &&
      !(name in settings),
  );
