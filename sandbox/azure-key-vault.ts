/**
 * Azure Key Vault as its SDK sees it: versioned secrets over TLS, the challenge for a token, soft delete;
 * and beside it the managed identity endpoint of App Service, which issues the tokens.
 * Answers follow the service's own, recorded in Azure/azure-sdk-for-js under sdk/keyvault.
 * https://learn.microsoft.com/rest/api/keyvault/secrets/operation-groups
 */
import { randomBytes, randomUUID } from 'node:crypto';
import express, { type Request, type Response } from 'express';
import { createCertificates } from './certificates.ts';
import { createFaults, type Refusal } from './faults.ts';
import { listen } from './http.ts';

interface Version {
  id: string;
  value: string;
  contentType?: string | undefined;
  tags?: Record<string, string> | undefined;
  /** Times are whole seconds, so that two versions can have the same. */
  attributes: { enabled: boolean; created: number; updated: number; nbf?: number; exp?: number };
}

interface StoredSecret {
  name: string;
  /** Oldest first: the last is current, even when it is disabled. */
  versions: Version[];
  deletedAt?: number;
}

interface SecretBody {
  value?: string;
  contentType?: string;
  tags?: Record<string, string>;
  attributes?: { enabled?: boolean; nbf?: number; exp?: number };
}

class KeyVaultError extends Error {
  readonly status: number;
  readonly code: string;
  readonly inner: string | undefined;
  constructor(status: number, code: string, message: string, inner?: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.inner = inner;
  }
}

const REFUSALS: Record<Refusal, [status: number, code: string, inner?: string]> = {
  throttled: [429, 'Throttled'],
  unavailable: [503, 'ServiceUnavailable'],
  denied: [403, 'Forbidden', 'ForbiddenByRbac'],
  identity: [401, 'Unauthorized'],
  sealed: [503, 'ServiceUnavailable'],
};

const RESOURCE = 'https://vault.azure.net';
const RETENTION_DAYS = 90;
/** The service gives no more entries a page, whatever `maxresults` asks for. */
const PAGE = 25;
const LONGEST_VALUE = 25 * 1024;

const seconds = () => Math.floor(Date.now() / 1000);

export interface AzureKeyVaultOptions {
  /** Where the authority's certificate is written. */
  directory: string;
  /** Names that the reader's role assignments allow. */
  mayRead: (name: string) => boolean;
  /** Seconds a token is good for. Default 86400, as App Service does. */
  tokenLifetime?: number;
}

export async function startAzureKeyVault({
  directory,
  mayRead,
  tokenLifetime = 86_400,
}: AzureKeyVaultOptions) {
  const { caFile, ca, key, cert } = await createCertificates({ directory });
  const identity = await startManagedIdentity({ tokenLifetime });
  const challenge = `Bearer authorization="https://login.windows.net/${randomUUID()}", resource="${RESOURCE}"`;
  const secrets = new Map<string, StoredSecret>();
  const reads = { value: 0, version: 0 };

  const sendError = (response: Response, error: Error) => {
    const { status, code, message, inner } =
      error instanceof KeyVaultError ? error : new KeyVaultError(500, 'InternalServerError', error.message);
    if (status === 401) response.set('WWW-Authenticate', challenge);
    if (status === 429) response.set('Retry-After', '2');
    const innererror = inner && { code: inner };
    response.status(status).json({ error: { code, message, ...(innererror && { innererror }) } });
  };

  const faults = createFaults((refusal, _request, response) => {
    const [status, code, inner] = REFUSALS[refusal];
    sendError(response, new KeyVaultError(status, code, `Injected fault: ${refusal}.`, inner));
  });

  const notFound = (name: string) =>
    new KeyVaultError(
      404,
      'SecretNotFound',
      `A secret with (name/id) ${name} was not found in this key vault. If you recently deleted this secret you may be able to recover it using the correct recovery command.`,
    );

  const find = (name: string, { deleted = false } = {}): StoredSecret => {
    const secret = secrets.get(name);
    if (!secret || (secret.deletedAt !== undefined) !== deleted) throw notFound(name);
    return secret;
  };

  const findVersion = (secret: StoredSecret, id?: string): Version => {
    const version = id ? secret.versions.find((candidate) => candidate.id === id) : secret.versions.at(-1);
    if (!version) throw notFound(`${secret.name}/${id}`);
    return version;
  };

  const bundle = ({ name }: StoredSecret, version: Version, parts: { id?: string; value?: string } = {}) => ({
    id: `${listening.url}/secrets/${name}/${version.id}`,
    contentType: version.contentType,
    tags: version.tags,
    attributes: {
      ...version.attributes,
      recoveryLevel: 'Recoverable+Purgeable',
      recoverableDays: RETENTION_DAYS,
    },
    ...parts,
  });

  const deletedBundle = (secret: StoredSecret) => ({
    ...bundle(secret, findVersion(secret)),
    recoveryId: `${listening.url}/deletedsecrets/${secret.name}`,
    deletedDate: secret.deletedAt,
    scheduledPurgeDate: (secret.deletedAt ?? 0) + RETENTION_DAYS * 86_400,
  });

  const page = (request: Request, path: string, entries: object[]) => {
    const start = Number(request.query.$skiptoken ?? 0);
    const size = Math.min(Number(request.query.maxresults ?? PAGE), PAGE);
    const next = new URLSearchParams({
      'api-version': String(request.query['api-version']),
      $skiptoken: String(start + size),
      maxresults: String(size),
    });
    const nextLink = start + size < entries.length ? `${listening.url}${path}?${next}` : null;
    return { value: entries.slice(start, start + size), nextLink };
  };

  const set = (name: string, { value, contentType, tags, attributes }: SecretBody) => {
    if (!/^[0-9a-zA-Z-]{1,127}$/.test(name))
      throw new KeyVaultError(
        400,
        'BadParameter',
        `The request URI contains an invalid name: ${encodeURIComponent(name)}`,
      );
    if (typeof value !== 'string' || Buffer.byteLength(value) > LONGEST_VALUE)
      throw new KeyVaultError(400, 'BadParameter', 'Property value has invalid value.');
    const secret = secrets.get(name) ?? { name, versions: [] };
    if (secret.deletedAt !== undefined)
      throw new KeyVaultError(
        409,
        'Conflict',
        `Secret ${name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be recovered or purged.`,
        'ObjectIsDeletedButRecoverable',
      );
    const id = randomBytes(16).toString('hex');
    const created = seconds();
    const version: Version = {
      id,
      value,
      contentType,
      tags,
      attributes: { enabled: true, created, updated: created, ...attributes },
    };
    secret.versions.push(version);
    secrets.set(name, secret);
    return bundle(secret, version, { value });
  };

  const update = (name: string, id: string | undefined, { contentType, tags, attributes }: SecretBody) => {
    const secret = find(name);
    const version = findVersion(secret, id);
    if (contentType !== undefined) version.contentType = contentType;
    if (tags !== undefined) version.tags = tags;
    Object.assign(version.attributes, attributes, { updated: seconds() });
    return bundle(secret, version);
  };

  const remove = (name: string) => {
    const secret = find(name);
    secret.deletedAt = seconds();
    return deletedBundle(secret);
  };

  /** Two roles at the scope of single secrets: Key Vault Secrets User where `mayRead`, Secrets Officer on all. */
  const authorize = (request: Request, action: string, name?: string) => {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (!token)
      throw new KeyVaultError(401, 'Unauthorized', 'AKV10000: Request is missing a Bearer or PoP token.');
    const role = identity.roleOf(token);
    if (!role) throw new KeyVaultError(401, 'Unauthorized', 'Error validating token: unknown or expired.');
    const isReading = action === 'getSecret' || action === 'readMetadata';
    if (role === 'administrator' || (isReading && name !== undefined && mayRead(name))) return;
    throw new KeyVaultError(
      403,
      'Forbidden',
      `Caller is not authorized to perform action on resource.\r\nAction: 'Microsoft.KeyVault/vaults/secrets/${action}/action'\r\nResource: 'vaults/sandbox/secrets/${name ?? ''}'`,
      'ForbiddenByRbac',
    );
  };

  const vault = express();
  vault.use(express.json({ type: () => true, limit: '1mb' }), faults.middleware);
  vault.use((request, _response, next) => {
    if (request.query['api-version'] === undefined)
      throw new KeyVaultError(400, 'BadParameter', 'api-version must be specified.');
    next();
  });

  vault.get('/secrets', (request, response) => {
    authorize(request, 'readMetadata');
    const live = [...secrets.values()].filter(({ deletedAt }) => deletedAt === undefined);
    const entries = live.map((secret) =>
      bundle(secret, findVersion(secret), { id: `${listening.url}/secrets/${secret.name}` }),
    );
    response.json(page(request, '/secrets', entries));
  });

  vault.get('/secrets/:name/versions', (request, response) => {
    const { name } = request.params;
    authorize(request, 'readMetadata', name);
    reads.version += 1;
    const secret = secrets.get(name);
    // A secret that does not exist, or is deleted, has an empty list. The order is that of the random ids.
    const versions = secret && secret.deletedAt === undefined ? secret.versions : [];
    const sorted = versions.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    response.json(
      page(
        request,
        `/secrets/${name}/versions`,
        sorted.map((version) => bundle({ name, versions }, version)),
      ),
    );
  });

  vault.get('/secrets/:name{/:version}', (request, response) => {
    const { name, version: id } = request.params;
    authorize(request, 'getSecret', name);
    reads.value += 1;
    const secret = find(name);
    const version = findVersion(secret, id);
    if (!version.attributes.enabled)
      throw new KeyVaultError(
        403,
        'Forbidden',
        'Operation get is not allowed on a disabled secret.',
        'SecretDisabled',
      );
    // `nbf` and `exp` inform only: the service gives out secrets outside that window.
    response.json(bundle(secret, version, { value: version.value }));
  });

  vault.put('/secrets/:name', (request, response) => {
    authorize(request, 'setSecret', request.params.name);
    response.json(set(request.params.name, request.body ?? {}));
  });

  vault.patch('/secrets/:name{/:version}', (request, response) => {
    authorize(request, 'updateSecret', request.params.name);
    response.json(update(request.params.name, request.params.version, request.body ?? {}));
  });

  vault.delete('/secrets/:name', (request, response) => {
    authorize(request, 'delete', request.params.name);
    response.json(remove(request.params.name));
  });

  vault.get('/deletedsecrets/:name', (request, response) => {
    authorize(request, 'readMetadata', request.params.name);
    response.json(deletedBundle(find(request.params.name, { deleted: true })));
  });

  vault.post('/deletedsecrets/:name/recover', (request, response) => {
    authorize(request, 'recover', request.params.name);
    const secret = find(request.params.name, { deleted: true });
    delete secret.deletedAt;
    response.json(bundle(secret, findVersion(secret)));
  });

  vault.use((error: Error, _request: Request, response: Response, _next: unknown) =>
    sendError(response, error),
  );

  const listening = await listen(vault, { tls: { key, cert } });

  return {
    url: listening.url,
    /** The authority's certificate in PEM, for a process that is running already. */
    ca,
    faults,
    /** Faults of the managed identity endpoint. */
    identityFaults: identity.faults,
    reads,
    /**
     * What the application needs to reach this stand-in as the reader. AZURE_TOKEN_CREDENTIALS keeps a
     * developer's own logins out of it.
     */
    environment: {
      AZURE_VAULT_URL: listening.url,
      AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential',
      IDENTITY_ENDPOINT: identity.endpoint,
      IDENTITY_HEADER: identity.header,
      NODE_EXTRA_CA_CERTS: caFile,
    },
    /** Added to `environment`: an identity that may do everything, for seeding and for rotation. */
    administrator: { AZURE_CLIENT_ID: identity.administratorClientId },
    /** Creates the secret or gives it a new current version. */
    async put(name: string, value: string) {
      set(name, { value });
    },
    /** Deletes the secret so that it can be recovered. */
    async remove(name: string) {
      remove(name);
    },
    /** Disables the current version. */
    async disable(name: string) {
      update(name, undefined, { attributes: { enabled: false } });
    },
    async close() {
      await Promise.all([listening.close(), identity.close()]);
    },
  };
}

/**
 * The endpoint where an App Service asks for tokens of its identities: the system-assigned one is the
 * reader, a user-assigned one the administrator.
 * https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
 */
async function startManagedIdentity({ tokenLifetime }: { tokenLifetime: number }) {
  const header = randomUUID();
  const administratorClientId = randomUUID();
  const tokens = new Map<string, { role: 'reader' | 'administrator'; expiresOn: number }>();

  const refuse = (response: Response, statusCode: number, message: string) =>
    void response.status(statusCode).json({ statusCode, message });
  const faults = createFaults((refusal, _request, response) =>
    refuse(response, REFUSALS[refusal][0], `Injected fault: ${refusal}.`),
  );

  const app = express();
  app.use(faults.middleware);
  app.get('/msi/token', ({ query, headers }, response) => {
    if (headers['x-identity-header'] !== header)
      return refuse(response, 401, 'The identity header is wrong.');
    if (query['api-version'] !== '2019-08-01') return refuse(response, 400, 'Unknown api-version.');
    if (query.resource !== RESOURCE) return refuse(response, 400, `Unknown resource ${query.resource}.`);
    if (query.client_id !== undefined && query.client_id !== administratorClientId)
      return refuse(
        response,
        400,
        'No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.',
      );
    const token = randomBytes(32).toString('base64url');
    const expiresOn = seconds() + tokenLifetime;
    tokens.set(token, { role: query.client_id ? 'administrator' : 'reader', expiresOn });
    response.json({
      access_token: token,
      expires_on: String(expiresOn),
      resource: RESOURCE,
      token_type: 'Bearer',
      client_id: query.client_id ?? randomUUID(),
    });
  });

  const { url, close } = await listen(app);
  return {
    endpoint: `${url}/msi/token`,
    header,
    administratorClientId,
    faults,
    roleOf(token: string) {
      const known = tokens.get(token);
      return known && known.expiresOn > seconds() ? known.role : undefined;
    },
    close,
  };
}
