/**
 * Which servers a connection may be made to, so that a form is no way to look around in a network. The name must be on a
 * list, and so must be what it resolves to where that is this machine or something beside it; whoever connects uses the
 * address that was looked at, and not the name again.
 */
import { lookup as systemLookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { CredentialError } from './credential-error.ts';

export interface AllowedHost {
  /** A name, `*.` and the end of a name, or an address. */
  host: string;
  /** Undefined: any. */
  port: number | undefined;
}

/** Resolves a name to all of its addresses. */
export type Lookup = (host: string) => Promise<string[]>;

/** `db.example.com:5432`, `*.db.example.com:5432`, `10.0.0.7:*`, `[2001:db8::7]:5432`. Undefined when it is none. */
export function parseAllowedHost(text: string): AllowedHost | undefined {
  const [, bracketed, plain = '', port = ''] =
    /^(?:\[([0-9a-f:.]+)\]|((?:\*\.)?[\w.-]+)):(\d{1,5}|\*)$/i.exec(text) ?? [];
  const host = canonical(bracketed ?? plain);
  if (host === '' || (bracketed !== undefined && isIP(host) !== 6)) return undefined;
  return { host, port: port === '*' ? undefined : Number(port) };
}

/**
 * The address to connect to.
 * @throws CredentialError that tells neither name nor address
 */
export async function requireAllowedAddress(
  { host, port }: { host: string; port: number },
  allowed: readonly AllowedHost[],
  lookup: Lookup = lookUp,
): Promise<string> {
  const name = canonical(host);
  const onPort = allowed.filter((entry) => entry.port === undefined || entry.port === port);
  const isListed = (wanted: string) => onPort.some((entry) => entry.host === canonical(wanted));
  const matches = isIP(name) ? isListed(name) : onPort.some((entry) => covers(entry.host, name));
  if (!matches)
    throw new CredentialError('not-allowed', 'host: this host and port are not on the list of allowed ones.');

  const addresses = isIP(name) ? [name] : await lookup(name);
  const [address] = addresses;
  if (address === undefined) throw new CredentialError('refused', 'host: the name has no address.');
  if (addresses.some((found) => isSpecial(found) && !isListed(found)))
    throw new CredentialError('not-allowed', 'host: the name leads to an address that is not allowed.');
  return address;
}

const HOST_NAME = /^[\w-]+(\.[\w-]+)*$/;

const covers = (pattern: string, name: string): boolean =>
  HOST_NAME.test(name) && (pattern.startsWith('*.') ? name.endsWith(pattern.slice(1)) : name === pattern);

const canonical = (host: string): string => host.toLowerCase().replace(/\.$/, '');

async function lookUp(host: string): Promise<string[]> {
  try {
    return (await systemLookup(host, { all: true })).map(({ address }) => address);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTFOUND') return [];
    throw new CredentialError('unavailable', `host: the name could not be looked up (${code}).`);
  }
}

/**
 * This machine, its link with the clouds' metadata services, and what is no single server. Private networks are where
 * databases are. https://www.iana.org/assignments/iana-ipv4-special-registry
 */
const SPECIAL: [network: string, prefix: number, family: 'ipv4' | 'ipv6'][] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['168.63.129.16', 32, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  ['::', 96, 'ipv6'],
  ['64:ff9b::', 96, 'ipv6'],
  ['64:ff9b:1::', 48, 'ipv6'],
  ['2001::', 32, 'ipv6'],
  ['2002::', 16, 'ipv6'],
  ['fd00:ec2::', 32, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['fec0::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
];

const special = new BlockList();
for (const [network, prefix, family] of SPECIAL) special.addSubnet(network, prefix, family);

/** An IPv4 address in the notation of IPv6 counts as what it is. */
const isSpecial = (address: string): boolean =>
  isIP(address) === 0 || special.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
