/**
 * PostgreSQL through connections that follow the secret. Each version of the secret has its own generation of
 * connections; a new one is proven before it replaces the old, which ends when its last user has left.
 */
import type pg from 'pg';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { LiveSecret, Loaded } from '../secrets/live-secret.ts';
import type { DatabaseSecret } from '../secrets/schemas.ts';
import { withFreshSecret } from '../secrets/with-fresh-secret.ts';
import { isConnectionLost, isLoginRefused, isRoleGone } from './database-errors.ts';
import { createGeneration, type Generation } from './database-generation.ts';

export interface Database {
  /** Proves the current secret by a real login. Must have resolved before the first query. */
  start(): Promise<void>;
  /** One statement on any connection. @throws pg.DatabaseError */
  query<R extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<pg.QueryResult<R>>;
  /** Several statements on one connection. `work` is never repeated. */
  withClient<T>(work: (client: pg.ClientBase) => Promise<T>): Promise<T>;
  /** Resolves when every generation has ended. */
  close(): Promise<void>;
}

export interface DatabaseOptions {
  secret: LiveSecret<DatabaseSecret>;
  clock: Clock;
  logger: Logger;
  /** Connections of one generation; two overlap for a moment. Default 10. */
  max?: number;
  /** Default 5000 ms. */
  connectionTimeout?: number;
  /** Default 30,000 ms. */
  drainDeadline?: number;
  /** Default: reads the users table. */
  canary?: string;
}

export function createDatabase({
  secret,
  clock,
  logger,
  max = 10,
  connectionTimeout = 5_000,
  drainDeadline = 30_000,
  canary = 'SELECT 1 FROM users LIMIT 1',
}: DatabaseOptions): Database {
  const options = { clock, logger, max, connectionTimeout, drainDeadline, canary };
  const draining = new Set<Promise<void>>();
  let active: Generation | undefined;
  let switching: { version: string; done: Promise<Generation> } | undefined;

  const generation = (): Generation => {
    if (!active) throw new Error('The database is used before it was started.');
    return active;
  };

  const retire = (old: Generation) => {
    const done: Promise<void> = old
      .retire()
      .catch((error) =>
        logger.warn({ err: error, version: old.version }, 'database connections did not end cleanly'),
      )
      .finally(() => draining.delete(done));
    draining.add(done);
  };

  /** Proves a new generation and swaps it in; one that fails its canary changes nothing. */
  const build = async (loaded: Loaded<DatabaseSecret>): Promise<Generation> => {
    const next = createGeneration(loaded, options);
    try {
      await next.prove();
    } catch (error) {
      retire(next);
      throw error;
    }
    const old = active;
    active = next;
    if (old) retire(old);
    logger.info({ version: next.version, username: loaded.value.username }, 'database connections switched');
    return next;
  };

  /** Everybody who needs the same version waits for the same proof. */
  const switchTo = (loaded: Loaded<DatabaseSecret>): Promise<Generation> => {
    if (active?.version === loaded.version) return Promise.resolve(active);
    if (switching?.version === loaded.version) return switching.done;
    const done = build(loaded).finally(() => {
      if (switching?.done === done) switching = undefined;
    });
    switching = { version: loaded.version, done };
    return done;
  };

  secret.onRotated((loaded) => {
    switchTo(loaded).catch((error) =>
      logger.error(
        { err: error, version: loaded.version },
        'the rotated database secret does not work; keeping the old one',
      ),
    );
  });

  /** A connect may always be repeated: no statement has run yet. */
  const connect = async (): Promise<{ client: pg.PoolClient; from: Generation }> => {
    const from = generation();
    try {
      return { client: await from.acquire(), from };
    } catch (error) {
      if (!isLoginRefused(error)) throw error;
      const fresh = await secret.refreshIfStale(from.version);
      const next = fresh.version === from.version ? generation() : await switchTo(fresh);
      if (next === from) throw error;
      return { client: await next.acquire(), from: next };
    }
  };

  const withClient = async <T>(work: (client: pg.ClientBase) => Promise<T>): Promise<T> => {
    const { client, from } = await connect();
    let broken = false;
    try {
      return await work(client);
    } catch (error) {
      broken = isConnectionLost(error) || isRoleGone(error);
      if (isRoleGone(error)) void secret.refreshIfStale(from.version);
      throw error;
    } finally {
      from.release(client, broken);
    }
  };

  return {
    async start() {
      // The password may have changed between reading the secret and logging in.
      await withFreshSecret(secret, switchTo, isLoginRefused);
    },
    query: (text, values) => withClient((client) => client.query(text, values)),
    withClient,
    async close() {
      if (active) retire(active);
      await Promise.all(draining);
    },
  };
}
