/**
 * PostgreSQL through connections that follow the secret. A failure to connect is retried, because no statement has run
 * then. A statement that may have run is never repeated.
 */
import type pg from 'pg';
import type { Logger } from 'pino';
import type { Clock } from '../../clock.ts';
import { untilAborted, withinTime } from '../../deadline.ts';
import type { LiveSecret } from '../../secrets/live-secret.ts';
import type { DatabaseSecret } from '../../secrets/schemas.ts';
import { CANARY } from './connection.ts';
import {
  DatabaseUnavailable,
  isConnectFailure,
  isConnectionLost,
  isPoolExhausted,
  isRefusedByPooler,
  isRightsLost,
  isSessionEnded,
} from './errors.ts';
import type { Connections, Generation } from './pool.ts';
import { createRecovery } from './recovery.ts';
import { createGenerations } from './switchover.ts';

export interface Database {
  /** Proves the current secret by a real login. Must have resolved before the first query. */
  start(): Promise<void>;
  /** Runs one statement on any connection. @throws pg.DatabaseError, DatabaseUnavailable */
  query<R extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<pg.QueryResult<R>>;
  /** Runs a statement that changes nothing, again when its connection breaks. @throws as `query` */
  read<R extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<pg.QueryResult<R>>;
  /** Several statements on one connection. `work` is never repeated. @throws as `query` */
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
  /** Milliseconds for one attempt to connect. Default 5000. */
  connectionTimeout?: number;
  /** Milliseconds until a retired generation is broken off. Default 30,000. */
  drainDeadline?: number;
  /** A statement that needs the application's rights. Default: reads the users table. */
  canary?: string;
  /** Milliseconds that one call waits for a connection and an answer. Default 25,000: less than gateways allow. */
  patience?: number;
  /**
   * Milliseconds for which one recovery goes on, whether or not callers still wait. Default 75,000: some rotations
   * change the database a minute before the secret.
   */
  recoveryBudget?: number;
  /** Callers that may wait for a recovery. Default 2000: 80 requests a second for as long as each of them waits. */
  maxWaiting?: number;
}

/** A connection, and the generation that it must be returned to. */
interface Lent {
  client: pg.PoolClient;
  from: Generation;
}

/** Milliseconds before a broken read runs again, and between two checks of a role that has lost its rights. */
const READ_PAUSE = 100;
const RIGHTS_PAUSE = 1_000;

export function createDatabase({
  secret,
  clock,
  logger,
  max = 10,
  connectionTimeout = 5_000,
  drainDeadline = 30_000,
  canary = CANARY,
  patience = 25_000,
  recoveryBudget = 75_000,
  maxWaiting = 2_000,
}: DatabaseOptions): Database {
  const generations = createGenerations({
    secret,
    clock,
    logger,
    max,
    connectionTimeout,
    queryTimeout: patience,
    drainDeadline,
    canary,
  });
  const recovery = createRecovery({ generations, clock, budget: recoveryBudget, maxWaiting });

  /** A connection that comes too late goes back to the pool. */
  const acquireBefore = async (deadline: number, from: Generation): Promise<pg.PoolClient> => {
    const acquired = from.acquire();
    try {
      return await withinTime(Math.max(deadline - clock.now(), 0), clock, (signal) =>
        untilAborted(acquired, signal),
      );
    } catch (error) {
      acquired.then(
        (client) => from.release(client, false),
        () => {},
      );
      throw error;
    }
  };

  const connect = async (deadline: number): Promise<Lent> => {
    for (;;) {
      // PostgreSQL refuses the login of a lease that has ended, and the recovery gets another one.
      if (secret.isRevoked()) secret.current();
      const from = generations.active();
      if (recovery.isRunning() && from.connections().idle === 0) {
        await recovery.wait(deadline);
        continue;
      }
      try {
        return { client: await acquireBefore(deadline, from), from };
      } catch (error) {
        if (!isConnectFailure(error)) throw error;
        if (clock.now() >= deadline)
          throw new DatabaseUnavailable('No database connection in time.', { cause: error });
        // Every connection is lent: the server may be well, or it hangs, and the secret names another one.
        if (isPoolExhausted(error)) void generations.replace(from, { otherStages: false });
        else recovery.start(from, error);
      }
    }
  };

  /** True when the secret has changed since `version` and connections of the new one are in use. */
  const isReplaced = async (version: string): Promise<boolean> => {
    const { loaded: fresh } = await secret.refreshIfStale(version);
    return fresh.version !== version && (await generations.switchTo(fresh)).version !== version;
  };

  /** Whether another attempt can help: another role is in use now, or this one has lost rights that it had. */
  const canRegainRights = async (from: Generation, deadline: number): Promise<boolean> => {
    if (await isReplaced(from.version).catch(() => false)) return true;
    const works = await from.prove().then(
      () => true,
      () => false,
    );
    if (works || clock.now() + RIGHTS_PAUSE >= deadline) return false;
    await clock.sleep(RIGHTS_PAUSE);
    return true;
  };

  const use = async <T>({ client, from }: Lent, work: (client: pg.ClientBase) => Promise<T>): Promise<T> => {
    let broken = false;
    try {
      return await work(client);
    } catch (error) {
      broken = isConnectionLost(error) || isRightsLost(error) || isRefusedByPooler(error);
      if (isRightsLost(error) || isSessionEnded(error))
        isReplaced(from.version).catch((reason) =>
          logger.warn({ err: reason }, 'no working database connection after a rotation'),
        );
      throw error;
    } finally {
      from.release(client, broken);
      if (!broken) recovery.freed();
    }
  };

  const run = async <R extends pg.QueryResultRow>(
    text: string,
    values: unknown[] | undefined,
    { repeatable }: { repeatable: boolean },
  ): Promise<pg.QueryResult<R>> => {
    const deadline = clock.now() + patience;
    for (;;) {
      // Its own failures are final: it has waited for the recovery.
      const lent = await connect(deadline);
      try {
        return await use(lent, (client) => client.query<R>(statement(text, values, deadline - clock.now())));
      } catch (error) {
        if (clock.now() + READ_PAUSE >= deadline) throw error;
        // Behind a pooler, the login can fail when the first statement needs it. The statement has not run.
        if (isRefusedByPooler(error)) recovery.start(lent.from, error);
        else if (repeatable && isConnectionLost(error)) await clock.sleep(READ_PAUSE);
        // A statement that was refused for lack of rights had no effect: it may run again.
        else if (!isRightsLost(error) || !(await canRegainRights(lent.from, deadline))) throw error;
      }
    }
  };

  return {
    start: generations.start,
    query: (text, values) => run(text, values, { repeatable: false }),
    read: (text, values) => run(text, values, { repeatable: true }),
    withClient: async (work) => use(await connect(clock.now() + patience), work),

    status() {
      const { version, connections } = generations.active();
      const { waiting, ...others } = connections();
      return {
        version,
        connections: { ...others, waiting: waiting + recovery.waiting() },
        draining: generations.draining(),
      };
    },

    async close() {
      recovery.close();
      await generations.close();
    },
  };
}

/** The types of node-postgres do not have the time limit of a single statement. */
const statement = (text: string, values: unknown[] | undefined, limit: number): pg.QueryConfig => {
  const config: pg.QueryConfig & { query_timeout: number } = { text, query_timeout: Math.max(limit, 1) };
  return values ? { ...config, values } : config;
};
