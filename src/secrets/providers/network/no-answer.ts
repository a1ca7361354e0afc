/** Remedies for a server that cannot be reached or understood, the same for every backend. */
import type { Server } from '../../backend.ts';

/** Codes in addition to Node's, for answers that arrived. */
export const NOT_UNDERSTOOD = 'NOT_UNDERSTOOD';
export const TOO_LARGE = 'TOO_LARGE';

/** Maximum size of an answer, in bytes. The values of every backend are smaller than a quarter of it. */
export const LARGEST_ANSWER = 1_048_576;

/** https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|^ERR_TLS/;

/** @param code of Node, or one of the two above. Default: a timeout */
export function networkRemedy(code: unknown, { service, address, setting, authorities }: Server): string {
  const word = typeof code === 'string' ? code : 'ETIMEDOUT';
  if (CERTIFICATE.test(word))
    return `This process does not trust the certificate at ${address}: name the PEM file of its authority in ${authorities}, or renew the certificate if it has expired or is for another host.`;
  switch (word) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `The host of ${address} does not resolve: check ${setting} for a typing error, and the DNS of this network.`;
    case 'ECONNREFUSED':
      return `Nothing listens at ${address}: check ${setting}, and that ${service} runs there.`;
    case 'ECONNRESET':
    case 'EPIPE':
    case 'EPROTO':
      return `The connection to ${address} broke: check proxies and load balancers in between, and that the server uses HTTP${address.startsWith('https') ? 'S' : ' without TLS'}.`;
    case NOT_UNDERSTOOD:
      return `The server at ${address} does not speak the protocol of ${service}: check ${setting}, and that no proxy or login page of the network is in between.`;
    case TOO_LARGE:
      return `The server at ${address} sends larger answers than ${service} does: check ${setting}, and that no proxy is in between.`;
    default:
      return `${address} does not answer in time: check ${setting}, the firewall or security group, the proxy and the route to it.`;
  }
}
