/**
 * Dapr's sidecar: secrets of one of its components, over its HTTP API, which has neither writes nor versions.
 * https://docs.dapr.io/reference/api/secrets_api/
 */
import { createHmac, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { SecretError, type SecretErrorCode } from '../../../errors.ts';
import { createSecret, type SecretProvider } from '../../provider.ts';

export interface DaprSettings {
  /** Address of the sidecar, for example `http://127.0.0.1:3500`. */
  endpoint: string;
  /** The name of the secret store component. */
  component: string;
  /** Sent as `dapr-api-token` when the sidecar asks for one. */
  apiToken?: string | undefined;
}

/** Only writes conflict. */
type Code = Exclude<SecretErrorCode, 'conflict'>;

/** Classes by status. Every failure of the store behind Dapr is 500, permanent ones too. */
const CODES: Record<number, Code> = {
  204: 'not-found',
  400: 'invalid',
  401: 'identity',
  403: 'denied',
  404: 'not-found',
  429: 'throttled',
};

const secretSchema = z.record(z.string(), z.string());

export function createDapr({ endpoint, component, apiToken }: DaprSettings): SecretProvider {
  // The key belongs to this process alone, so a digest in a log does not help to guess a value.
  const key = randomBytes(32);
  const versionOf = (value: string) =>
    createHmac('sha256', key).update(value).digest('base64url').slice(0, 22);

  const daprError = (code: Code, name: string, cause?: unknown) =>
    new SecretError(code, MESSAGES[code](name), { remedy: remedy(code, { endpoint, component }), cause });

  const fetchSecret = async (name: string, signal: AbortSignal | undefined): Promise<Response> => {
    const path = `/v1.0/secrets/${encodeURIComponent(component)}/${encodeURIComponent(name)}`;
    try {
      return await fetch(new URL(path, endpoint), {
        headers: apiToken === undefined ? {} : { 'dapr-api-token': apiToken },
        // A redirect would send the token to another server.
        redirect: 'manual',
        ...(signal && { signal }),
      });
    } catch (error) {
      // fetch keeps Node's error in `cause`.
      throw daprError('unavailable', name, (error as Error).cause ?? error);
    }
  };

  /** Drops the parser's error, which can quote the answer. */
  const readFields = async (response: Response, name: string) => {
    const { success, data } = secretSchema.safeParse(await readJson(response).catch(() => undefined));
    if (!success) throw daprError('unavailable', name);
    return data;
  };

  return {
    name: 'dapr',

    async read(name, { stage = 'current', signal } = {}) {
      if (stage !== 'current') throw daprError('not-found', name);
      const response = await fetchSecret(name, signal);
      if (response.status !== 200) {
        await response.body?.cancel();
        throw daprError(CODES[response.status] ?? 'unavailable', name);
      }
      const fields = await readFields(response, name);
      // A store with one value per name returns it under that name.
      const [only, ...others] = Object.entries(fields);
      const value = only?.[0] === name && others.length === 0 ? only[1] : JSON.stringify(fields);
      return createSecret({ name, value, version: versionOf(value) });
    },
  };
}

/** Maximum size of an answer, in bytes. The largest secret of a store behind Dapr has 1 MB. */
const LARGEST_ANSWER = 2_000_000;

async function readJson(response: Response): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > LARGEST_ANSWER) throw new Error('The answer is too large.');
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

const MESSAGES: Record<Code, (name: string) => string> = {
  'not-found': (name) => `Dapr has no secret ${name}, or no version at that stage`,
  denied: (name) => `Dapr refuses access to ${name}`,
  identity: (name) => `Dapr does not accept this process's token (asking for ${name})`,
  disabled: (name) => `${name} is switched off`,
  throttled: (name) => `Dapr throttles requests (asking for ${name})`,
  unavailable: (name) => `Dapr gave no usable answer for ${name}`,
  invalid: (name) => `Dapr has no such secret store (asking for ${name})`,
};

function remedy(code: Code, { endpoint, component }: DaprSettings): string {
  switch (code) {
    case 'not-found':
    case 'disabled':
      return `Create the secret in the store behind the component ${component}, or correct DAPR_SECRET_STORE or its name.`;
    case 'denied':
      return `Allow the secret in the sidecar's Configuration: spec.secrets.scopes for ${component}, allowedSecrets.`;
    case 'identity':
      return 'Set DAPR_API_TOKEN to the token that the sidecar was started with.';
    case 'throttled':
      return 'Wait. If this continues, find other callers, or raise the limit of the store behind the sidecar.';
    case 'unavailable':
      return `Check DAPR_HTTP_ENDPOINT (${endpoint}) and the sidecar's log: Dapr answers with status 500 when the store fails, also for a missing right or secret.`;
    case 'invalid':
      return `Check that the sidecar has loaded the component ${component} (type secretstores.*), and DAPR_SECRET_STORE.`;
  }
}
