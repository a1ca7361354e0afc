/**
 * A relay in front of a vault with an older API version than the SDK's. It replaces the version in each request and
 * nothing else: the operations that the service uses are the same in both.
 */
import { request as send } from 'node:https';
import { createCertificates } from '../../sandbox/certificates.ts';
import { listen } from '../../sandbox/http.ts';

export interface ApiVersionRelayOptions {
  /** Receives the authority's certificate. */
  directory: string;
  vaultUrl: string;
  /** For example `7.6`. */
  apiVersion: string;
}

export async function startApiVersionRelay({ directory, vaultUrl, apiVersion }: ApiVersionRelayOptions) {
  const { ca, caFile, key, cert } = await createCertificates({ directory });
  const { url, close } = await listen(
    (request, response) => {
      const target = new URL(request.url ?? '/', vaultUrl);
      target.searchParams.set('api-version', apiVersion);
      const { method, headers } = request;
      // A server of several vaults chooses one by host name.
      const forwarded = send(target, { method, headers: { ...headers, host: target.host } }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      forwarded.on('error', () => response.destroy());
      request.pipe(forwarded);
    },
    { tls: { key, cert } },
  );
  return { url, ca, caFile, close };
}
