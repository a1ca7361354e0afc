/**
 * Stands before a vault that speaks an older version of the API than the SDK asks for, and asks for that one
 * instead. Nothing else is changed: what the service uses of the API is the same in both.
 */
import { request as send } from 'node:https';
import { createCertificates } from '../../sandbox/certificates.ts';
import { listen } from '../../sandbox/http.ts';

export interface ApiVersionRelayOptions {
  /** Where the authority's certificate is written. */
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
      // The host name tells a server of several vaults which one is meant.
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
