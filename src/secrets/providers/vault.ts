/**
 * HashiCorp Vault, or OpenBao: secrets of a KV engine of version 2.
 * https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2
 */
import { z } from 'zod';
import { type Clock, systemClock } from '../../clock.ts';
import { SecretError, type SecretErrorCode } from '../../errors.ts';
import { createSecret, type SecretProvider } from '../provider.ts';
import { createVaultClient, type VaultClientSettings, VaultRequestError } from './vault-client.ts';
import { createVaultLogin, identityError, type VaultAuth } from './vault-login.ts';

export interface VaultSettings extends VaultClientSettings {
  /** Where the KV engine is mounted. Default `secret`. */
  mount?: string | undefined;
  auth: VaultAuth;
}

/** `identity` is the login's to tell. */
type Code = Exclude<SecretErrorCode, 'identity'>;

/** What one request wants, so that an error can say what to grant. */
interface Purpose {
  name: string;
  area: 'data' | 'metadata';
  capabilities: string;
}

/** The status decides, never the text. What is not here is `unavailable`: 412, 5xx, a sealed Vault's 503. */
const CODES: Record<number, Code> = {
  400: 'invalid',
  403: 'denied',
  404: 'not-found',
  405: 'invalid',
  413: 'invalid',
  429: 'throttled',
};

const versionMetadata = z.object({
  created_time: z.string(),
  deletion_time: z.string(),
  destroyed: z.boolean(),
});
const dataAnswer = z.object({
  data: z.object({
    data: z.record(z.string(), z.unknown()),
    metadata: versionMetadata.extend({ version: z.number() }),
  }),
});
const metadataAnswer = z.object({
  data: z.object({ current_version: z.number(), versions: z.record(z.string(), versionMetadata) }),
});
const writeAnswer = z.object({ data: z.object({ version: z.number() }) });

export function createVault(
  settings: VaultSettings,
  { clock = systemClock }: { clock?: Clock } = {},
): SecretProvider {
  const { address, auth, mount = 'secret' } = settings;
  const client = createVaultClient(settings);
  const login = createVaultLogin(client.request, auth, clock);

  const problem = (code: Code, purpose: Purpose, cause?: unknown): SecretError => {
    const failure = cause instanceof VaultRequestError ? cause : undefined;
    return new SecretError(code, MESSAGES[code](purpose.name), {
      remedy: remedy(code, purpose, failure, mount, address),
      retryAfter: failure?.retryAfter,
      cause,
    });
  };

  const toSecretError = (cause: unknown, purpose: Purpose): SecretError => {
    if (cause instanceof SecretError) return cause;
    if (!(cause instanceof VaultRequestError)) return problem('unavailable', purpose, cause);
    const code = cause.deletedVersion === undefined ? CODES[cause.status ?? 0] : 'disabled';
    return problem(code ?? 'unavailable', purpose, cause);
  };

  /** A 403 means the policy or the token; looking the token up tells which, and a dead one is replaced once. */
  const send = async (
    path: string,
    options: { body?: object | undefined; signal?: AbortSignal | undefined },
    attempts = 2,
  ): Promise<unknown> => {
    const token = await login.token(options.signal);
    try {
      return await client.request(path, { ...options, token });
    } catch (error) {
      if (!(error instanceof VaultRequestError) || error.status !== 403) throw error;
      if (await login.isKnown(token, options.signal)) throw error;
      if (attempts > 1 && login.forget(token)) return send(path, options, attempts - 1);
      throw identityError(auth, error);
    }
  };

  const call = async <T>(
    schema: z.ZodType<T>,
    purpose: Purpose,
    options: { query?: string; body?: object; signal?: AbortSignal | undefined },
  ): Promise<T> => {
    const name = purpose.name.split('/').map(encodeURIComponent).join('/');
    const { query = '', ...rest } = options;
    const answer = await send(`${mount}/${purpose.area}/${name}${query}`, rest).catch((error) => {
      throw toSecretError(error, purpose);
    });
    const { success, data } = schema.safeParse(answer);
    // The parser's own error is no use as a cause: it may quote what it read.
    if (!success) throw malformed(purpose.name, mount);
    return data;
  };

  const isGone = ({ deletion_time, destroyed }: z.infer<typeof versionMetadata>) =>
    destroyed || (deletion_time !== '' && Date.parse(deletion_time) <= clock.wall());

  const readMetadata = async (name: string, signal: AbortSignal | undefined) => {
    const purpose: Purpose = { name, area: 'metadata', capabilities: '"read"' };
    const { data } = await call(metadataAnswer, purpose, { signal });
    return { ...data, purpose };
  };

  const previousVersion = async (name: string, signal: AbortSignal | undefined): Promise<number> => {
    const { current_version, versions, purpose } = await readMetadata(name, signal);
    const older = Object.entries(versions)
      .filter(([version, metadata]) => Number(version) < current_version && !isGone(metadata))
      .map(([version]) => Number(version));
    if (older.length === 0) throw problem('not-found', purpose);
    return Math.max(...older);
  };

  return {
    name: 'vault',

    async read(name, { stage = 'current', signal } = {}) {
      const purpose: Purpose = { name, area: 'data', capabilities: '"read"' };
      // KV has no such stage: what is written is current.
      if (stage === 'pending') throw problem('not-found', purpose);
      const query = stage === 'previous' ? `?version=${await previousVersion(name, signal)}` : '';
      const { data } = await call(dataAnswer, purpose, { query, signal });
      const { version, created_time, deletion_time } = data.metadata;
      return createSecret({
        name,
        value: JSON.stringify(data.data),
        version: String(version),
        createdAt: new Date(created_time),
        // Only a time to come: a version past its deletion is not answered.
        expiresAt: deletion_time ? new Date(deletion_time) : undefined,
      });
    },

    async version(name, { signal } = {}) {
      const { current_version, versions, purpose } = await readMetadata(name, signal);
      const metadata = versions[current_version];
      if (!metadata) throw problem('not-found', purpose);
      if (isGone(metadata)) throw problem('disabled', purpose);
      return String(current_version);
    },

    async write(name, value, { signal } = {}) {
      const purpose: Purpose = { name, area: 'data', capabilities: '"create", "update"' };
      const body = { data: parseObject(name, value) };
      const { data } = await call(writeAnswer, purpose, { body, signal });
      return String(data.version);
    },

    async close() {
      await login.close();
      client.close();
    },
  };
}

/** Says nothing of the value, and keeps no cause: the parser's message quotes it. */
function parseObject(name: string, value: string): object {
  try {
    const parsed: unknown = JSON.parse(value);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed;
  } catch {}
  throw new SecretError('invalid', `The value for ${name} is not a JSON object`, {
    remedy: 'Vault stores fields: write a JSON object such as {"username": "..."}.',
  });
}

const malformed = (name: string, mount: string) =>
  new SecretError('unavailable', `Vault gave no usable answer for ${name}`, {
    remedy: `Check that ${mount} is a KV engine of version 2 (vault secrets list -detailed), and that nothing between this process and Vault changes answers.`,
  });

const MESSAGES: Record<Code, (name: string) => string> = {
  'not-found': (name) => `Vault has no secret ${name}, or no version at that stage`,
  denied: (name) => `Vault refuses access to ${name}`,
  disabled: (name) => `The current version of ${name} is deleted`,
  throttled: (name) => `Vault throttles requests (reading ${name})`,
  unavailable: (name) => `Vault gave no usable answer for ${name}`,
  invalid: (name) => `Vault does not accept the request for ${name}`,
};

function remedy(
  code: Code,
  { name, area, capabilities }: Purpose,
  failure: VaultRequestError | undefined,
  mount: string,
  address: string,
): string {
  switch (code) {
    case 'not-found':
      return `Write it (vault kv put -mount=${mount} ${name} ...), or correct VAULT_KV_MOUNT, VAULT_NAMESPACE, SECRET_PREFIX or the name override.`;
    case 'denied':
      return `Add to the policy of this process's role: path "${mount}/${area}/${name}" { capabilities = [${capabilities}] }`;
    case 'disabled':
      return `Restore it: vault kv undelete -mount=${mount} -versions=${failure?.deletedVersion ?? '<version>'} ${name}. A destroyed version needs a new one: vault kv put -mount=${mount} ${name} ...`;
    case 'throttled':
      return 'Wait; if it goes on, look at the rate limit quotas: vault list sys/quotas/rate-limit';
    case 'unavailable':
      return unavailableRemedy(failure?.status, address);
    case 'invalid':
      return `Check that ${mount} is a KV engine of version 2 (vault secrets list -detailed), and the name of the secret.`;
  }
}

function unavailableRemedy(status: number | undefined, address: string): string {
  if (status === undefined)
    return `Check VAULT_ADDR (${address}) and the network path to it; for a certificate of a private authority set VAULT_CACERT.`;
  if (status === 503)
    return `Vault at ${address} is sealed or starting: \`vault status\` tells, \`vault operator unseal\` opens it.`;
  if (status < 400)
    return `${address} redirects, and the token does not go along: set VAULT_ADDR to where it points.`;
  return `Look at the log of Vault at ${address}: it answered with status ${status}.`;
}
