/** The environment of a service that must find the sandbox and nothing of the person's own accounts. */

/** What a process needs to run at all, and what a person may want to turn. */
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

/** Files that do not exist, so that the SDK finds no profile of the person's. */
export const NO_AWS_PROFILE = { AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' };

export function serviceEnvironment(settings: Record<string, string>): Record<string, string> {
  const inherited = INHERITED.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(inherited), ...NO_AWS_PROFILE, ...settings };
}

/** Variables of the person's shell that an SDK would believe before the sandbox's. */
export const conflictingVariables = (settings: Record<string, string>): string[] =>
  Object.keys(process.env).filter(
    (name) =>
      /^(AWS_|VAULT_|AZURE_|IDENTITY_|MSI_|SECRET_|SECRETS_|WRITER_)/.test(name) &&
      !/_CA_(BUNDLE|CERT)$/.test(name) &&
      !(name in settings),
  );
