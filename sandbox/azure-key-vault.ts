/**
 * Azure Key Vault for its SDK: versioned secrets over TLS, the token challenge, soft delete. Includes the managed
 * identity endpoint of App Service, which issues the tokens.
 * Answers follow those of the service, recorded in Azure/azure-sdk-for-js under sdk/keyvault.
 */
import { randomUUID } from 'node:crypto';
import express, { type Request, type Response } from 'express';
import { type ManagedIdentityOptions, startManagedIdentity } from './azure-managed-identity.ts';
import { KeyVaultError, REFUSALS, RESOURCE, sendError } from './azure-protocol.ts';
import { createSecretRoutes } from './azure-secret-routes.ts';
import { createSecrets, type StoredSecret } from './azure-secrets.ts';
import type { Certificates } from './certificates.ts';
import { createFaults } from './faults.ts';
import { listen } from './http.ts';

/** Actions of Key Vault Secrets User and Key Vault Secrets Officer that the template needs. */
const ALLOWED = {
  reader: new Set(['getSecret', 'readMetadata']),
  writer: new Set(['getSecret', 'readMetadata', 'setSecret']),
};

export interface AzureKeyVaultOptions {
  /** Receives the authority's certificate. */
  directory: string;
  /** Whether the reader's role assignments allow a name. */
  mayRead: (name: string) => boolean;
  /** Lifetime of a token in seconds. Default 86400, as in App Service. */
  tokenLifetime?: number;
  /** Default 127.0.0.1 and any free port. */
  host?: string;
  port?: number;
  /** Default: signed by an authority made for this run. */
  certificates?: Certificates;
  /** Secrets by name. Default: none. */
  stored?: Map<string, StoredSecret>;
  identity?: Omit<ManagedIdentityOptions, 'tokenLifetime'>;
}

export async function startAzureKeyVault({
  directory,
  mayRead,
  tokenLifetime = 86_400,
  host,
  port,
  certificates,
  stored,
  ...options
}: AzureKeyVaultOptions) {
  const { caFile, ca, key, cert } = certificates ?? (await makeCertificates(directory));
  const identity = await startManagedIdentity({ tokenLifetime, ...options.identity });
  const challenge = `Bearer authorization="https://login.windows.net/${randomUUID()}", resource="${RESOURCE}"`;
  const faults = createFaults((refusal, _request, response) => {
    const [status, code, inner] = REFUSALS[refusal];
    sendError(response, new KeyVaultError(status, code, `Injected fault: ${refusal}.`, inner), challenge);
  });

  const reads = { value: 0, version: 0 };

  /** Role assignments on single secrets: Secrets User and Secrets Officer where `mayRead`; the administrator may do all. */
  const authorize = (request: Request, action: string) => {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (!token)
      throw new KeyVaultError(401, 'Unauthorized', 'AKV10000: Request is missing a Bearer or PoP token.');
    const role = identity.roleOf(token);
    if (!role) throw new KeyVaultError(401, 'Unauthorized', 'Error validating token: unknown or expired.');
    const { name } = request.params;
    if (role === 'administrator') return;
    if (!ALLOWED[role].has(action) || typeof name !== 'string' || !mayRead(name))
      throw new KeyVaultError(
        403,
        'Forbidden',
        `Caller is not authorized to perform action on resource.\r\nAction: 'Microsoft.KeyVault/vaults/secrets/${action}/action'\r\nResource: 'vaults/sandbox/secrets/${name ?? ''}'`,
        'ForbiddenByRbac',
      );
    if (role === 'reader') reads[action === 'getSecret' ? 'value' : 'version'] += 1;
  };

  const createVault = (secrets: ReturnType<typeof createSecrets>) => {
    const vault = express();
    vault.use(express.json({ type: () => true, limit: '1mb' }), faults.middleware);
    vault.use((request, _response, next) => {
      if (request.query['api-version'] === undefined)
        throw new KeyVaultError(400, 'BadParameter', 'api-version must be specified.');
      next();
    });
    vault.use(createSecretRoutes(secrets, authorize));
    vault.use((error: Error, _request: Request, response: Response, _next: unknown) =>
      sendError(response, error, challenge),
    );
    return vault;
  };

  const secrets = createSecrets(stored);
  const [listening, other] = await Promise.all([
    listen(createVault(secrets), { host, port, tls: { key, cert } }),
    listen(createVault(createSecrets()), { tls: { key, cert } }),
  ]);

  return {
    url: listening.url,
    /** A second vault of the same owner, without secrets. */
    otherVaultUrl: other.url,
    listening,
    /** The authority's certificate in PEM, for processes that already run. */
    ca,
    faults,
    /** Faults of the managed identity endpoint. */
    identityFaults: identity.faults,
    /** Reads by the reader: of values, and of versions only. */
    reads,
    /**
     * Variables with which the application reaches this stand-in as the reader. AZURE_TOKEN_CREDENTIALS excludes the
     * developer's own logins.
     */
    environment: {
      AZURE_VAULT_URL: listening.url,
      AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential',
      IDENTITY_ENDPOINT: identity.endpoint,
      IDENTITY_HEADER: identity.header,
      NODE_EXTRA_CA_CERTS: caFile,
      // The identity that the service uses to write.
      WRITER_AZURE_CLIENT_ID: identity.clients.writer,
    },
    /** Added to `environment`: an identity with every permission, for seeding and rotation. */
    administrator: { AZURE_CLIENT_ID: identity.clients.administrator },
    /** Creates the secret or adds a new current version. */
    async put(name: string, value: string) {
      secrets.set(name, { value });
    },
    /** Deletes the secret; it can be recovered. */
    async remove(name: string) {
      secrets.remove(name);
    },
    async recover(name: string) {
      secrets.recover(name);
    },
    /** Deletes the secret permanently. */
    purge: secrets.purge,
    /** Disables the current version. */
    async disable(name: string) {
      secrets.update(name, undefined, { attributes: { enabled: false } });
    },
    async enable(name: string) {
      secrets.update(name, undefined, { attributes: { enabled: true } });
    },
    async close() {
      await Promise.all([listening.close(), other.close(), identity.close()]);
    },
  };
}

/** Imported on use: where certificates are given, the library that makes them need not be installed. */
const makeCertificates = async (directory: string) =>
  (await import('./certificates.ts')).createCertificates({ directory });
