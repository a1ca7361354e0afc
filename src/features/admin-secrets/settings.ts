/** The feature's environment variables. */
import { z } from 'zod';
import { isSecretName } from '../../secrets/names.ts';

const list = (text: string) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

/** What makes logins and keys is for whoever rotates, and for nobody who came through the service. */
const isForService = (name: string) => isSecretName(name) && !name.endsWith('-administrator');

export const settings = z.object({
  ADMIN_SECRETS: z
    .string()
    .toLowerCase()
    .pipe(z.enum(['enabled', 'disabled'], 'must be enabled or disabled'))
    .default('disabled'),
  /** The secrets that may be written. */
  ADMIN_SECRET_NAMES: z
    .string()
    .default('database,jwt,openai,external-api-keys')
    .transform(list)
    .refine(
      (names) => names.every(isForService),
      'must be names of secrets of the service, with commas between',
    ),
  /** Servers that a new value may name, beside those in use. */
  ADMIN_SECRET_HOSTS: z
    .string()
    .default('')
    .transform(list)
    .refine(
      (hosts) => hosts.every((host) => /^[^:/]+:\d+$/.test(host)),
      'must be pairs of host:port, with commas between',
    ),
});
