/** Which servers a proposed value may name. A proof connects to them, so it must not be a way to probe a network. */
import type { DeclaredSecret } from '../../declared-secrets.ts';
import { HttpProblem } from '../../http/problem.ts';
import type { LiveSecret } from '../../secrets/live-secret.ts';

/** @throws HttpProblem 400 for a server that is neither in use nor in ADMIN_SECRET_HOSTS */
export type AssertAllowed = (secret: DeclaredSecret, value: object) => void;

/**
 * @param given each as `host:port`, or `http://host:port` for HTTP without TLS
 * @param live by id: what a secret has named since the process started is in use
 */
export function createAllowedHosts(
  given: readonly string[],
  declared: readonly DeclaredSecret[],
  live: Readonly<Partial<Record<string, LiveSecret<object>>>>,
): AssertAllowed {
  const allowed = new Map(declared.map(({ id, proof }) => [id, hostsOf(proof, live[id])]));

  function hostsOf(proof: DeclaredSecret['proof'], secret: LiveSecret<object> | undefined) {
    const hosts = new Set(given);
    const add = (value: object) => {
      const server = proof?.serverOf(value);
      if (server !== undefined) hosts.add(server);
    };
    if (secret) add(secret.current().value);
    secret?.onRotated(({ value }) => add(value));
    return hosts;
  }

  return ({ id, proof }, value) => {
    const server = proof?.serverOf(value);
    if (server !== undefined && !allowed.get(id)?.has(server))
      throw new HttpProblem(400, 'The value names a server that is neither in use nor allowed.');
  };
}
