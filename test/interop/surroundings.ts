/** Everything the service needs besides its backend, PostgreSQL and OpenAI, with its secrets written to that backend. */
import { setTimeout as delay } from 'node:timers/promises';
import { escapeIdentifier, escapeLiteral } from 'pg';
import type { Backend, BackendName } from '../../sandbox/backends.ts';
import { getBackend } from '../../src/secrets/providers/registry.ts';
import { randomPassword, startApplication } from '../support/application.ts';

export interface SurroundingsOptions {
  provider: BackendName;
  backend: Backend;
  /** `SECRET_PREFIX`. */
  prefix: string;
  /** Receives what must be closed, also when the start fails halfway. */
  cleanUp: AsyncDisposableStack;
}

export async function startSurroundings({ provider, backend, prefix, cleanUp }: SurroundingsOptions) {
  const application = await startApplication(cleanUp);
  const { reaper, openai, user, values, superuser: administrator } = application;
  const planted = new Set<string>();
  const write = async (id: keyof typeof values) => {
    for (const value of [values.database.password, values.jwt.secret_key, values.openai.api_key])
      planted.add(value);
    await backend.put(getBackend(provider).nameOf(prefix, id), JSON.stringify(values[id]));
  };
  for (const id of ['database', 'jwt', 'openai'] as const) await write(id);

  const allow = async ({ username, password }: typeof values.database) => {
    const { rowCount } = await administrator.query('SELECT FROM pg_roles WHERE rolname = $1', [username]);
    const [role, verb] = [escapeIdentifier(username), rowCount === 0 ? 'CREATE' : 'ALTER'];
    await administrator.query(`${verb} ROLE ${role} LOGIN PASSWORD ${escapeLiteral(password)}`);
    await administrator.query(`GRANT myapp_app TO ${role}`);
  };
  const sessions = async (username: string) => {
    const counted = await administrator.query('SELECT FROM pg_stat_activity WHERE usename = $1', [username]);
    return counted.rowCount ?? 0;
  };
  /** Waits until its sessions have ended by themselves. @throws Error after ten seconds */
  const lockOut = async (username: string) => {
    const deadline = performance.now() + 10_000;
    while ((await sessions(username)) > 0) {
      if (performance.now() > deadline) throw new Error(`${username} still has sessions after ten seconds`);
      await delay(50);
    }
    await administrator.query(`ALTER ROLE ${escapeIdentifier(username)} NOLOGIN`);
  };

  return {
    reaper,
    environment: { SECRET_PROVIDER: provider, SECRET_PREFIX: prefix, ...backend.environment },
    /** A user with a password. */
    user,
    /** Every secret value so far. */
    plantedValues: () => [...planted, user.password],
    rotate: {
      /** Switches to the other of two logins, as AWS's "alternating users" does. `lockOld` waits until the old one is unused. */
      async database() {
        const old = values.database.username;
        const username = old === 'myapp_a' ? 'myapp_b' : 'myapp_a';
        Object.assign(values.database, { username, password: randomPassword() });
        await allow(values.database);
        await write('database');
        return { username, lockOld: () => lockOut(old) };
      },
      async jwt() {
        values.jwt.secret_key = randomPassword() + randomPassword();
        await write('jwt');
      },
      /** The old key is refused at once. */
      async openai() {
        const old = values.openai.api_key;
        values.openai.api_key = openai.createKey();
        await write('openai');
        openai.revokeKey(old);
      },
    },
  };
}
