/** A connection string of PostgreSQL as fields. https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS */

/** @throws Error that says what is wrong, without the value */
export function databaseUrlFields(text: string): Record<string, string> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^postgres(ql)?:$/.test(url.protocol))
    throw new Error('is no URL such as postgresql://user:password@host:5432/database');
  const fields = {
    username: decode(url.username),
    password: decode(url.password),
    // IPv6 addresses stand in brackets in a URL, and nowhere else.
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port,
    dbname: decode(url.pathname.slice(1)),
    sslmode: sslmodeOf(url.searchParams),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
}

/** A wish for TLS must not end in plain text: what cannot be stored is refused by name. @throws Error */
function sslmodeOf(parameters: URLSearchParams): string {
  const file = [...parameters.keys()].find((name) => /^ssl(rootcert|cert|key|crl|password)/.test(name));
  if (file)
    throw new Error(
      `names a file with ${file}. Set DATABASE_CA_CERT to the text of the authority, and remove ${file}`,
    );
  const mode = parameters.get('sslmode') ?? '';
  const ssl = parameters.get('ssl') ?? '';
  if (['allow', 'prefer'].includes(mode))
    throw new Error(
      `has sslmode=${mode}, which can end in plain text: write verify-full, require or disable`,
    );
  if (mode !== '') return NAMES_OF_NODE_POSTGRES[mode] ?? mode;
  const meant = NAMES_OF_NODE_POSTGRES[ssl];
  if (ssl !== '' && meant === undefined)
    throw new Error('has an unknown value of ssl: write sslmode instead');
  return meant ?? '';
}

const NAMES_OF_NODE_POSTGRES: Readonly<Record<string, string>> = {
  'no-verify': 'require',
  true: 'verify-full',
  1: 'verify-full',
  false: 'disable',
  0: 'disable',
};

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Error('has a percent sign that escapes nothing: write it as %25');
  }
}
