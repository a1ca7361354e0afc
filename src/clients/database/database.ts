/**
 * PostgreSQL through connections that follow the secret. Failing to connect is retried, for no statement has run
 * then; a statement that may have run is never repeated.
 */
import type pg from 'pg';
import type { Logger } from 'pino';
import type { Clock } from '../../clock.ts';
import type { LiveSecret } from '../../secrets/live-secret.ts';
import type { DatabaseSecret } from '../../secrets/schemas.ts';
import { CANARY } from './connection.ts';
import { isConnectionLost, isLoginRefused, isRightsLost, isServerAway, isSessionEnded } from './errors.ts';
import type { Connections, Generation } from './pool.ts';
import { createGenerations } from './switchover.ts';

export interface Database {
  /** Proves the current secret by a real login. Must have resolved before the first query. */
  start(): Promise<void>;
  /** One statement on any connection. @throws pg.DatabaseError */
  query<R extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<pg.QueryResult<R>>;
  /** A statement that changes nothing, and may run again when its connection breaks. @throws pg.DatabaseError */
  read<R extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<pg.QueryResult<R>>;
  /** Several statements on one connection. `work` is never repeated. */
  withClient<T>(work: (client: pg.ClientBase) => Promise<T>): Promise<T>;
  /** The version that serves, its connections, and how many earlier generations have not ended yet. */
  status(): { version: string; connections: Connections; draining: number };
  /** Resolves when every generation has ended. */
  close(): Promise<void>;
}

export interface DatabaseOptions {
  secret: LiveSecret<DatabaseSecret>;
  clock: Clock;
  logger: Logger;
  /** Connections of one generation; two overlap for a moment. Default 10. */
  max?: number;
  /** Milliseconds to wait for one connection. Default 5000. */
  connectionTimeout?: number;
  /** Milliseconds after which a statement without an answer fails, and its connection goes. Default 30,000. */
  queryTimeout?: number;
  /** Milliseconds until a retired generation is broken off. Default 30,000. */
  drainDeadline?: number;
  /** A statement that needs the application's rights. Default: reads the users table. */
  canary?: string;
  /**
   * Milliseconds for which a login, or a role whose rights were taken, is tried again. Default 75,000: there are
   * rotations that change the database a minute before the secret.
   */
  loginBudget?: number;
  /** Milliseconds for which a server that is away or full is tried again: a restart. Default 15,000. */
  awayBudget?: number;
}

/** Milliseconds between two attempts to reach a server that is away, and of a role that has lost its rights. */
const AWAY_PAUSE = 100;
const RIGHTS_PAUSE = 1_000;

export function createDatabase({
  secret,
  clock,
  logger,
  max = 10,
  connectionTimeout = 5_000,
  queryTimeout = 30_000,
  drainDeadline = 30_000,
  canary = CANARY,
  loginBudget = 75_000,
  awayBudget = 15_000,
}: DatabaseOptions): Database {
  const generations = createGenerations({
    secret,
    clock,
    logger,
    max,
    connectionTimeout,
    queryTimeout,
    drainDeadline,
    canary,
  });

  const connect = async (): Promise<{ client: pg.PoolClient; from: Generation }> => {
    const started = clock.now();
    for (;;) {
      // Of a lease that has ended PostgreSQL refuses the login, and another one is asked for.
      if (secret.isRevoked()) secret.current();
      const from = generations.active();
      try {
        return { client: await from.acquire(), from };
      } catch (error) {
        const waited = clock.now() - started;
        if (isLoginRefused(error) && waited < loginBudget) await generations.recover(from);
        else if (isServerAway(error) && waited < awayBudget) await clock.sleep(AWAY_PAUSE);
        else throw error;
      }
    }
  };

  /** True when the secret has changed since `version` and connections of the new one are in use. */
  const replaced = async (version: string): Promise<boolean> => {
    const { loaded: fresh } = await secret.refreshIfStale(version);
    return fresh.version !== version && (await generations.switchTo(fresh)).version !== version;
  };

  /** Whether trying again can help: another role is in use now, or this one has lost what it proved to have. */
  const canRecover = async (from: Generation, deadline: number): Promise<boolean> => {
    if (await replaced(from.version).catch(() => false)) return true;
    const works = await from.prove().then(
      () => true,
      () => false,
    );
    if (works || clock.now() >= deadline) return false;
    await clock.sleep(RIGHTS_PAUSE);
    return true;
  };

  const withClient = async <T>(work: (client: pg.ClientBase) => Promise<T>): Promise<T> => {
    const { client, from } = await connect();
    let broken = false;
    try {
      return await work(client);
    } catch (error) {
      broken = isConnectionLost(error) || isRightsLost(error);
      if (isRightsLost(error) || isSessionEnded(error))
        replaced(from.version).catch((reason) =>
          logger.warn({ err: reason }, 'no better connections to be had'),
        );
      throw error;
    } finally {
      from.release(client, broken);
    }
  };

  const run = async <R extends pg.QueryResultRow>(
    text: string,
    values: unknown[] | undefined,
    { repeatable }: { repeatable: boolean },
  ): Promise<pg.QueryResult<R>> => {
    const started = clock.now();
    for (;;) {
      const from = generations.active();
      try {
        return await withClient((client) => client.query<R>(text, values));
      } catch (error) {
        const isCutOff = repeatable && isConnectionLost(error) && clock.now() - started < awayBudget;
        if (isCutOff) await clock.sleep(AWAY_PAUSE);
        // Refused for want of rights, the one statement had no effect: it may run again.
        else if (!isRightsLost(error) || !(await canRecover(from, started + loginBudget))) throw error;
      }
    }
  };

  return {
    start: generations.start,
    query: (text, values) => run(text, values, { repeatable: false }),
    read: (text, values) => run(text, values, { repeatable: true }),
    withClient,
    status: () => ({
      version: generations.active().version,
      connections: generations.active().connections(),
      draining: generations.draining(),
    }),
    close: generations.close,
  };
}
