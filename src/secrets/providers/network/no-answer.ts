/** Why a backend behind a network gave no usable answer, and what to check: much the same for all of them. */
import type { Server } from '../../backend.ts';

/** Codes beside Node's own, for answers that did come. */
export const NOT_UNDERSTOOD = 'NOT_UNDERSTOOD';
export const TOO_LARGE = 'TOO_LARGE';

/** Bytes of an answer. No backend stores values of a quarter of it; whatever pours out more would fill the memory. */
export const LARGEST_ANSWER = 1_048_576;

/** https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|^ERR_TLS/;

/** @param code the network's word for it, or one of ours; none when nothing came in time */
export function networkRemedy(code: unknown, { service, address, setting, authorities }: Server): string {
  const word = typeof code === 'string' ? code : 'ETIMEDOUT';
  if (CERTIFICATE.test(word))
    return `This process does not trust the certificate at ${address}: name the PEM file of its authority in ${authorities}, or renew the certificate if it has run out or was made for another host.`;
  switch (word) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `The host of ${address} does not resolve: check ${setting} for a typing error, and the DNS of this network.`;
    case 'ECONNREFUSED':
      return `Nothing listens at ${address}: check ${setting}, and that ${service} runs there.`;
    case 'ECONNRESET':
    case 'EPIPE':
    case 'EPROTO':
      return `The connection to ${address} broke: look at proxies and load balancers on the way, and whether it is HTTP${address.startsWith('https') ? 'S' : ' without TLS'} that is spoken there.`;
    case NOT_UNDERSTOOD:
      return `What answers at ${address} does not speak as ${service} does: check ${setting}, and that no proxy or login page of the network stands between.`;
    case TOO_LARGE:
      return `What answers at ${address} sends more than ${service} ever would: check ${setting}, and that no proxy stands between.`;
    default:
      return `${address} does not answer in time: check ${setting}, the firewall or security group, the proxy and the route to it.`;
  }
}
