/**
 * Limits the servers that a connection may reach, so that the form cannot probe a network. The host must be on the list.
 * If its name resolves to a special address, that address must be on the list too. The caller connects to the returned
 * address, so a second DNS answer cannot change the target.
 */
import { lookup as systemLookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { isOrdinary } from './address-range.ts';
import { CredentialError } from './credential-error.ts';

export interface AllowedHost {
  /** A name, `*.` and a domain, or an address. */
  host: string;
  /** Undefined: any port. */
  port: number | undefined;
}

/** Resolves a name to all of its addresses. */
export type Lookup = (host: string) => Promise<string[]>;

/** Parses `db.example.com:5432`, `*.db.example.com:5432`, `10.0.0.7:*` or `[2001:db8::7]:5432`; else undefined. */
export function parseAllowedHost(text: string): AllowedHost | undefined {
  const [, bracketed, plain = '', port = ''] =
    /^(?:\[([0-9a-f:.]+)\]|((?:\*\.)?[\w.-]+)):(\d{1,5}|\*)$/i.exec(text) ?? [];
  const host = canonical(bracketed ?? plain);
  if (host === '' || (bracketed !== undefined && isIP(host) !== 6)) return undefined;
  return { host, port: port === '*' ? undefined : Number(port) };
}

/**
 * Returns the address to connect to.
 * @throws CredentialError without the name or the address, because either may come from a secret
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
    throw new CredentialError('not-allowed', 'host: CREDENTIALS_HOSTS does not list this host and port.');

  const addresses = isIP(name) ? [name] : await lookup(name);
  const [address] = addresses;
  if (address === undefined) throw new CredentialError('refused', 'host: The name has no address.');
  if (addresses.some((found) => !isOrdinary(found) && !isListed(found)))
    throw new CredentialError('not-allowed', 'host: The name resolves to an address that is not allowed.');
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
    throw new CredentialError('unavailable', `host: The name cannot be resolved (${code}).`);
  }
}
