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
    sslmode: url.searchParams.get('sslmode') ?? '',
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Error('has a percent sign that escapes nothing: write it as %25');
  }
}
