/** Tells ordinary server addresses from special ones: loopback, link-local, metadata services, multicast, tunnels. */
import ipaddr from 'ipaddr.js';

/** The IANA registries call these ranges ordinary. Databases run in private networks, so those count too. */
const ORDINARY: ReadonlySet<string> = new Set(['unicast', 'private', 'uniqueLocal']);

/** The only part of IPv6 that IANA assigns to networks, beside the private one. */
const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3');

/** Services of the clouds at addresses that the registries call ordinary. */
const CLOUD_SERVICES = [
  // AWS: instance metadata and DNS over IPv6. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
  'fd00:ec2::/32',
  // Azure: agent and DNS. https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
  '168.63.129.16/32',
].map((network) => ipaddr.parseCIDR(network));

/** False for text that is not an address. An IPv4 address in the notation of IPv6 counts as IPv4. */
export function isOrdinary(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.process(text);
  const isIn = (network: (typeof CLOUD_SERVICES)[number]) =>
    address.kind() === network[0].kind() && address.match(network);
  const range = address.range();
  if (range === 'unicast' && address.kind() === 'ipv6' && !isIn(GLOBAL_IPV6)) return false;
  return ORDINARY.has(range) && !CLOUD_SERVICES.some(isIn);
}
