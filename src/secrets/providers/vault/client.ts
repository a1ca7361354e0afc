/**
 * node-vault with another transport. Its own ignores AbortSignal and `Retry-After`, follows redirects with the token,
 * and puts requests into its errors.
 */
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import axios, { type AxiosError, type AxiosResponse } from 'axios';
import nodeVault from 'node-vault';
import { SecretError } from '../../../errors.ts';
import { LARGEST_ANSWER, TOO_LARGE } from '../network/no-answer.ts';
import { parseRetryAfter } from '../network/retry-after.ts';

/** A failed request, without its headers and body. */
export class VaultRequestError extends Error {
  override readonly name = 'VaultRequestError';
  /** HTTP status. Undefined when no answer arrived. */
  readonly status: number | undefined;
  /** Node's code of a network failure, such as ECONNREFUSED. */
  readonly code: string | undefined;
  /** From `Retry-After`, in milliseconds. */
  readonly retryAfter: number | undefined;
  /** The deleted or destroyed version that a 404 names. Undefined for every other failure. */
  readonly deletedVersion: number | undefined;

  constructor(
    message: string,
    fields: {
      status?: number;
      code?: string | undefined;
      retryAfter?: number | undefined;
      deletedVersion?: number;
    },
  ) {
    super(message);
    this.status = fields.status;
    this.code = fields.code;
    this.retryAfter = fields.retryAfter;
    this.deletedVersion = fields.deletedVersion;
  }
}

export interface VaultRequestOptions {
  token?: string;
  /** Makes the request a POST. */
  body?: object | undefined;
  signal?: AbortSignal | undefined;
}

/** @param path below `/v1/`. @throws VaultRequestError, or the signal's reason */
export type VaultRequest = (path: string, options?: VaultRequestOptions) => Promise<unknown>;

export interface VaultClientSettings {
  /** For example `https://vault.example.com:8200`. */
  address: string;
  namespace?: string | undefined;
  /** A PEM file with the only authorities to trust. Default: Node's. */
  caCertificatePath?: string | undefined;
}

export function createVaultClient({ address, namespace, caCertificatePath }: VaultClientSettings) {
  const ca = caCertificatePath === undefined ? undefined : readCertificates(caCertificatePath);
  const agents = {
    httpAgent: new http.Agent({ keepAlive: true }),
    httpsAgent: new https.Agent({ keepAlive: true, ...(ca && { ca }) }),
  };

  const transport = async ({ uri, method, headers, json, signal }: TransportOptions) => {
    const response: AxiosResponse<unknown> = await axios
      .request({
        ...agents,
        url: uri,
        method,
        headers: { ...headers, 'X-Vault-Request': 'true' },
        ...(json && { data: json }),
        ...(signal && { signal }),
        // HTTPS goes through a proxy in a tunnel; over plain HTTP the proxy would see the token.
        ...(uri.startsWith('http:') && { proxy: false as const }),
        maxRedirects: 0,
        maxContentLength: LARGEST_ANSWER,
        validateStatus: () => true,
      })
      .catch(({ message, code }: AxiosError) => {
        signal?.throwIfAborted();
        // With every status accepted, axios uses this code only for an answer that is too large.
        const word = code === 'ERR_BAD_RESPONSE' ? TOO_LARGE : code;
        throw new VaultRequestError(message || `${code}`, { code: word });
      });
    if (response.status >= 300) throw toRequestError(response);
    return { statusCode: response.status, body: response.data, request: { path: uri } };
  };

  const vault = nodeVault({
    endpoint: address,
    // node-vault logs the secret ID of a login here.
    debug: () => {},
    'request-promise': { defaults: () => transport },
    ...(namespace !== undefined && { namespace }),
  });
  // node-vault reads VAULT_TOKEN from the environment. Each request has its own token, or none.
  vault.token = '';

  const request: VaultRequest = async (path, { token, body, signal } = {}) => {
    signal?.throwIfAborted();
    const options = { signal, headers: token === undefined ? {} : { 'X-Vault-Token': token } };
    return body ? vault.write(path, body, options) : vault.read(path, options);
  };

  return {
    request,
    close() {
      agents.httpAgent.destroy();
      agents.httpsAgent.destroy();
    },
  };
}

/** The argument of a transport of node-vault. */
interface TransportOptions {
  uri: string;
  method: string;
  headers: Record<string, string>;
  json?: object;
  signal?: AbortSignal;
}

function toRequestError({ status, data, headers }: AxiosResponse<unknown>): VaultRequestError {
  const answer = (typeof data === 'object' ? data : null) as {
    errors?: unknown[];
    data?: { metadata?: { version?: number; deletion_time?: string; destroyed?: boolean } };
  } | null;
  const metadata = answer?.data?.metadata;
  const isDeleted = metadata?.destroyed || metadata?.deletion_time;
  return new VaultRequestError(String(answer?.errors?.[0] ?? `status ${status}`).slice(0, 200), {
    status,
    retryAfter: parseRetryAfter(headers['retry-after']),
    ...(isDeleted && metadata.version !== undefined && { deletedVersion: metadata.version }),
  });
}

function readCertificates(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new SecretError('invalid', `The certificates for Vault cannot be read from ${path}`, {
      remedy: 'Set VAULT_CACERT to a PEM file that this process may read.',
      cause,
    });
  }
}
