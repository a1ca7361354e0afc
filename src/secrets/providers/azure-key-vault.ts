/**
 * Azure Key Vault. Who we are comes from DefaultAzureCredential: managed identity, workload identity, a login.
 * https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret
 */
import { createHash } from 'node:crypto';
import { DefaultAzureCredential } from '@azure/identity';
import { SecretClient, type SecretProperties } from '@azure/keyvault-secrets';
import { SecretError, type SecretErrorCode } from '../../errors.ts';
import { createSecret, type ReadOptions, type Secret, type SecretProvider, type Stage } from '../provider.ts';

type Layout = ReadOptions['layout'];
type Signal = ReadOptions['signal'];

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);
const READER = 'Key Vault Secrets User';
const WRITER = 'Key Vault Secrets Officer';

export function createAzureKeyVault({ vaultUrl }: { vaultUrl: string }): SecretProvider {
  const { hostname } = new URL(vaultUrl);
  const retryOptions = { maxRetries: 0 };
  const client = new SecretClient(vaultUrl, new DefaultAzureCredential({ retryOptions }), {
    retryOptions,
    // The SDK gives a token only to hosts under the domain that the challenge names, vault.azure.net, so that
    // a false vault cannot collect tokens. The sandbox is on loopback, where there is no such domain.
    disableChallengeResourceVerification: LOOPBACK.has(hostname),
  });
  const target = { vaultUrl, vault: hostname.replace(/\..*/, '') };

  const secretError = (code: SecretErrorCode, name: string, role = READER, cause?: SdkError) =>
    new SecretError(code, MESSAGES[code](name), {
      remedy: remedy(code, name, role, target),
      cause: cause && withoutSecrets(cause),
      retryAfter: cause && retryAfter(cause),
    });

  /** Runs one call of the SDK and maps its failure; `role` is the role the call needs. */
  const call = async <T>(
    name: string,
    signal: Signal,
    run: (options: { abortSignal?: AbortSignal }) => Promise<T>,
    role = READER,
  ): Promise<T> => {
    try {
      return await untilAborted(signal, () => run(signal ? { abortSignal: signal } : {}));
    } catch (error) {
      if (signal?.aborted)
        throw new SecretError('unavailable', MESSAGES.unavailable(name), {
          remedy: remedy('unavailable', name, role, target),
          cause: signal.reason,
        });
      throw secretError(classify(error as SdkError), name, role, error as SdkError);
    }
  };

  const get = async (name: string, signal: Signal, version?: string): Promise<Secret> => {
    const { value, properties } = await call(name, signal, (options) =>
      client.getSecret(name, version ? { ...options, version } : options),
    );
    if (value === undefined || properties.version === undefined) throw secretError('unavailable', name);
    // The service also gives out an expired secret: `expiresAt` informs, disabling forbids.
    const { createdOn: createdAt, expiresOn: expiresAt } = properties;
    return createSecret({ name, value, version: properties.version, createdAt, expiresAt });
  };

  /** All versions without their values, the current one first; empty when there is no such secret. */
  const history = async (name: string, signal: Signal): Promise<SecretProperties[]> => {
    // The service lists in the order of the versions' random ids.
    const versions = await call(name, signal, async (options) => {
      const all: SecretProperties[] = [];
      for await (const version of client.listPropertiesOfSecretVersions(name, options)) all.push(version);
      return all.sort((a, b) => createdTime(b) - createdTime(a));
    });
    const [newest, next] = versions;
    if (!newest || !next || createdTime(newest) !== createdTime(next)) return versions;
    // Times are whole seconds. Of two versions made in one second only a read tells which is current.
    const { version: current } = await get(name, signal);
    return versions.sort((a, b) => Number(b.version === current) - Number(a.version === current));
  };

  const currentVersion = async (name: string, signal: Signal): Promise<string | undefined> => {
    const [current] = await history(name, signal);
    if (current?.enabled === false) throw secretError('disabled', name);
    return current?.version;
  };

  /** The secret at `stage`, or the current one where there is no previous; nothing when it does not exist. */
  const find = async (name: string, stage: Stage, signal: Signal) => {
    if (stage === 'current') {
      const secret = await get(name, signal).catch(ignoreNotFound);
      return secret && { secret, stage };
    }
    const [current, ...older] = await history(name, signal);
    if (!current) return undefined;
    const previous = older.find(({ enabled }) => enabled !== false);
    const secret = await get(name, signal, (previous ?? current).version);
    return { secret, stage: previous ? stage : ('current' as const) };
  };

  /** Why nothing was found. A deleted secret that can be recovered answers 404 too. */
  const missing = async (name: string, signal: Signal, layout: Layout): Promise<SecretError> => {
    const isDeleted = await call(name, signal, (options) => client.getDeletedSecret(name, options)).then(
      () => true,
      (error: SecretError) => error.code === 'disabled',
    );
    if (isDeleted)
      return new SecretError('disabled', `${name} is deleted and can be recovered`, {
        remedy: `Recover it: az keyvault secret recover --vault-name ${target.vault} --name ${name}`,
      });
    const fields = layout?.fields.map((field) => fieldName(layout.prefix, field)).join(', ');
    if (!fields) return secretError('not-found', name);
    return new SecretError('not-found', `${MESSAGES['not-found'](name)}, nor any of its fields`, {
      remedy: `Create ${name} in ${vaultUrl} with all fields as one JSON object, or one secret per field (${fields}); or correct AZURE_VAULT_URL, SECRET_PREFIX or the name override.`,
    });
  };

  const noStage = (name: string, stage: Stage) =>
    new SecretError('not-found', `${name} has no ${stage} version in Azure Key Vault`, {
      remedy:
        stage === 'pending'
          ? 'Nothing to mend: Key Vault has no pending versions, a new version is current at once.'
          : `Nothing to mend unless ${name} has been rotated: then check that its older version is enabled.`,
    });

  return {
    name: 'azure',

    async read(name, { stage = 'current', signal, layout } = {}) {
      if (stage === 'pending') throw noStage(name, stage);
      const whole = await find(name, stage, signal);
      if (whole && whole.stage !== stage) throw noStage(name, stage);
      if (whole) return whole.secret;

      const found = await Promise.all(
        (layout?.fields ?? []).map(async (field) => {
          const part = await find(fieldName(layout?.prefix, field), stage, signal);
          return part ? [{ field, ...part }] : [];
        }),
      );
      const parts = found.flat();
      if (parts.length === 0) throw await missing(name, signal, layout);
      if (!parts.some((part) => part.stage === stage)) throw noStage(name, stage);
      return combine(name, parts);
    },

    async version(name, { signal, layout } = {}) {
      const whole = await currentVersion(name, signal);
      if (whole) return whole;
      const versions = await Promise.all(
        (layout?.fields ?? []).map((field) => currentVersion(fieldName(layout?.prefix, field), signal)),
      );
      const found = versions.filter((version) => version !== undefined);
      if (found.length === 0) throw await missing(name, signal, layout);
      return digest(found);
    },

    /** Writes one JSON secret, which from then on goes before secrets per field. */
    async write(name, value, { signal } = {}) {
      const run = (options: object) => client.setSecret(name, value, options);
      const { properties } = await call(name, signal, run, WRITER);
      if (properties.version === undefined) throw secretError('unavailable', name);
      return properties.version;
    },
  };
}

const createdTime = ({ createdOn }: SecretProperties): number => createdOn?.getTime() ?? 0;

/** Names in Key Vault have no underscore. */
const fieldName = (prefix = '', field: string): string => `${prefix}-${field.replaceAll('_', '-')}`;

const ignoreNotFound = (error: SecretError): undefined => {
  if (error.code !== 'not-found') throw error;
};

/** One version for several: changes when any of them does. */
const digest = (versions: string[]): string =>
  createHash('sha256').update(versions.sort().join()).digest('hex').slice(0, 32);

/**
 * Makes one secret of one per field. Key Vault cannot change several at once, so a read in the middle of a
 * rotation mixes old and new: the next one is whole, and until then the client's trial refuses the mix.
 */
function combine(name: string, parts: { field: string; secret: Secret }[]): Secret {
  const times = (key: 'createdAt' | 'expiresAt') =>
    parts.flatMap(({ secret }) => secret[key]?.getTime() ?? []).sort((a, b) => a - b);
  const date = (time: number | undefined) => (time === undefined ? undefined : new Date(time));
  return createSecret({
    name,
    value: JSON.stringify(Object.fromEntries(parts.map(({ field, secret }) => [field, secret.value]))),
    version: digest(parts.map(({ secret }) => secret.version)),
    createdAt: date(times('createdAt').at(-1)),
    expiresAt: date(times('expiresAt')[0]),
  });
}

/** Rejects as soon as the signal fires. The SDK obeys it too, but not while a credential is being fetched. */
async function untilAborted<T>(signal: Signal, run: () => Promise<T>): Promise<T> {
  if (!signal) return run();
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([run(), aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** What is read of the errors of @azure/core-rest-pipeline, @azure/identity and @azure/msal-node. */
interface SdkError extends Error {
  code?: string;
  statusCode?: number;
  status?: number;
  errorCode?: string;
  errors?: unknown[];
  details?: { error?: Record<'innererror' | 'innerError', { code?: string } | undefined> };
  response?: { headers: { get(name: string): string | undefined } };
}

const CODES: Record<number, SecretErrorCode> = {
  400: 'invalid',
  401: 'identity',
  403: 'denied',
  404: 'not-found',
  413: 'invalid',
  429: 'throttled',
};

const INNER_CODES: Record<string, SecretErrorCode> = {
  SecretDisabled: 'disabled',
  ObjectIsDeletedButRecoverable: 'disabled',
};

const IDENTITY_ERRORS = new Set([
  'AuthenticationError',
  'AuthenticationRequiredError',
  'AggregateAuthenticationError',
  'CredentialUnavailableError',
]);

/** The service writes `innererror`; the SDK's types and older versions of it `innerError`. */
const innerCode = ({ details }: SdkError): string | undefined =>
  (details?.error?.innererror ?? details?.error?.innerError)?.code;

/** Status and codes decide, never the message. */
function classify(error: SdkError): SecretErrorCode {
  if (IDENTITY_ERRORS.has(error.name)) return origins(error).some(isTemporary) ? 'unavailable' : 'identity';
  return INNER_CODES[innerCode(error) ?? ''] ?? CODES[error.statusCode ?? 0] ?? 'unavailable';
}

/** The error and all that it was made from. */
function origins(error: unknown): SdkError[] {
  if (!(error instanceof Error)) return [];
  const { cause, errors = [] } = error as SdkError;
  return [error, ...[cause, ...errors].flatMap(origins)];
}

const TEMPORARY_CODES = new Set(['network_error', 'unknown_error', 'REQUEST_SEND_ERROR']);
/** 404 and 410 are the metadata service's answers while an identity is being set up. */
const TEMPORARY_STATUS = new Set([404, 408, 410, 429]);

/** Nobody could be asked for a token, rather than nobody gave one. */
function isTemporary({ name, code = '', errorCode = '', statusCode, status = statusCode ?? 0 }: SdkError) {
  if (name === 'AbortError' || status >= 500) return true;
  return TEMPORARY_STATUS.has(status) || TEMPORARY_CODES.has(code) || TEMPORARY_CODES.has(errorCode);
}

/** Codes of errors that quote an answer which could not be parsed: half a secret, half a token. */
const QUOTING = new Set(['PARSE_ERROR', 'client_error', 'server_error', 'unknown_error']);

/** SDK errors hold requests with tokens and answers with values: only what helps and is harmless is kept. */
function withoutSecrets(error: SdkError): Error {
  return Object.assign(new Error(harmlessMessage(error)), {
    name: error.name,
    code: innerCode(error) ?? error.code,
    status: error.statusCode,
  });
}

function harmlessMessage(error: SdkError): string {
  // What a chain of credentials says repeats what each of them says.
  const parts = (error.errors ?? []) as SdkError[];
  if (parts.length > 0) return parts.map(harmlessMessage).join('\n');
  const quotes = origins(error).some(
    ({ code = '', errorCode = '' }) => QUOTING.has(code) || QUOTING.has(errorCode),
  );
  return quotes ? 'The answer could not be parsed.' : error.message;
}

/** `Retry-After` in milliseconds; the header has seconds or a date. */
function retryAfter({ response }: SdkError): number | undefined {
  const header = response?.headers.get('retry-after') ?? '';
  const wait = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return wait > 0 ? wait : undefined;
}

const MESSAGES: Record<SecretErrorCode, (name: string) => string> = {
  'not-found': (name) => `Azure Key Vault has no secret ${name}`,
  denied: (name) => `Azure Key Vault refuses access to ${name}`,
  identity: (name) => `This process has no identity that Azure Key Vault accepts (asking for ${name})`,
  disabled: (name) => `${name} is disabled, or deleted and recoverable`,
  throttled: (name) => `Azure Key Vault throttles requests (asking for ${name})`,
  unavailable: (name) => `Azure Key Vault gave no usable answer for ${name}`,
  invalid: (name) => `Azure Key Vault does not accept the name or value of ${name}`,
};

function remedy(
  code: SecretErrorCode,
  name: string,
  role: string,
  { vaultUrl, vault }: { vaultUrl: string; vault: string },
): string {
  const secret = `--vault-name ${vault} --name ${name}`;
  switch (code) {
    case 'not-found':
      return `Create the secret ${name} in ${vaultUrl}, or correct AZURE_VAULT_URL, SECRET_PREFIX or the name override.`;
    case 'denied':
      return `Assign the role "${role}" to this process's identity, with the vault ${vault} as scope; a new assignment takes up to ten minutes. If the cause says ForbiddenByFirewall, allow this network in the vault.`;
    case 'identity':
      return 'Check that a managed identity is assigned to this workload and that AZURE_CLIENT_ID is its client ID (leave it out for the system-assigned one); on AKS check the federated credential; on a workstation run `az login`.';
    case 'disabled':
      return `Enable its current version: az keyvault secret set-attributes ${secret} --enabled true. If it is deleted: az keyvault secret recover ${secret}`;
    case 'throttled':
      return 'Wait; if it goes on, raise the TTL or look for another caller that uses up the limit of the vault.';
    case 'unavailable':
      return `Check the network path to ${vaultUrl} and to the identity endpoint: DNS, proxy, private endpoint, trusted certificates (NODE_EXTRA_CA_CERTS).`;
    case 'invalid':
      return 'Names may contain letters, digits and hyphens only, 127 at most; a value has at most 25 KB.';
  }
}
