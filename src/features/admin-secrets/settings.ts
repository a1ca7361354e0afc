/** The feature's environment variables. */
import { z } from 'zod';
import { isSecretName } from '../../secrets/names.ts';
import { SECRETS, type SecretEntry } from '../../secrets/schemas.ts';
import { notes } from '../../variables.ts';

const list = (text: string) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

const entries: Partial<Record<string, SecretEntry>> = SECRETS;

/** Secrets that create logins and keys are for the commands of administrators, and not for callers of the service. */
const isForService = (name: string) =>
  isSecretName(name) && !(Object.hasOwn(entries, name) && entries[name]?.use === 'administrators');

export const settings = z.object({
  ADMIN_SECRETS: z
    .string()
    .toLowerCase()
    .pipe(z.enum(['enabled', 'disabled'], 'must be enabled or disabled'))
    .default('disabled')
    .register(notes, { description: 'enabled or disabled.' }),
  ADMIN_SECRET_NAMES: z
    .string()
    .transform(list)
    .refine(
      (names) => names.every(isForService),
      'must be names of secrets of the service, with commas between',
    )
    .optional()
    .register(notes, {
      description: 'Secrets that can be written. Default: every secret that the service reads.',
    }),
  ADMIN_SECRET_HOSTS: z
    .string()
    .default('')
    .transform(list)
    .refine(
      (hosts) => hosts.every((host) => /^(http:\/\/)?[^:/]+:\d+$/.test(host)),
      'must be host:port, or http://host:port for HTTP without TLS, with commas between',
    )
    .register(notes, {
      description:
        'Servers that a new value may name beside those in use: host:port, or http://host:port for HTTP without TLS.',
    }),
});
