/** Which servers a new value may name: a proof connects to them, and must be no way to probe a network. */
import { HttpProblem } from '../../http/problem.ts';
import type { LiveSecret } from '../../secrets/live-secret.ts';
import type { DatabaseSecret, OpenAISecret } from '../../secrets/schemas.ts';
import type { FeatureContext } from '../feature.ts';

export interface AllowedHosts {
  /** @throws HttpProblem 400 for a server that is neither in use nor in ADMIN_SECRET_HOSTS */
  assertDatabase(secret: DatabaseSecret): void;
  assertOpenAI(secret: OpenAISecret): void;
}

const OPENAI = 'api.openai.com:443';

/** @param given pairs of `host:port` */
export function createAllowedHosts(
  given: readonly string[],
  { database, openai }: Pick<FeatureContext['live'], 'database' | 'openai'>,
): AllowedHosts {
  const isAllowed = {
    database: inUse(given, database, databaseHost),
    openai: inUse([...given, OPENAI], openai, openaiHost),
  };
  const refusal = (fields: string) =>
    new HttpProblem(400, `${fields}: names a server that is neither in use nor allowed.`);
  return {
    assertDatabase(secret) {
      if (!isAllowed.database(secret)) throw refusal('host and port');
    },
    assertOpenAI(secret) {
      if (!isAllowed.openai(secret)) throw refusal('base_url');
    },
  };
}

/** Whether a value names a server that is given, or that the secret has named since the process started. */
function inUse<T>(given: readonly string[], secret: LiveSecret<T>, hostOf: (value: T) => string) {
  const hosts = new Set([...given, hostOf(secret.current().value)]);
  secret.onRotated(({ value }) => hosts.add(hostOf(value)));
  return (value: T) => hosts.has(hostOf(value));
}

const databaseHost = ({ host, port }: DatabaseSecret) => `${host}:${port}`;

function openaiHost({ base_url }: OpenAISecret): string {
  if (base_url === undefined) return OPENAI;
  const { hostname, port, protocol } = new URL(base_url);
  return `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`;
}
