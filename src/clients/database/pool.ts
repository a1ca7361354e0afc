/** A pool of connections for one version of the database secret. It ends when it is retired and unused. */
import pg from 'pg';
import type { Logger } from 'pino';
import type { Clock } from '../../clock.ts';
import type { Loaded } from '../../secrets/live-secret.ts';
import type { DatabaseSecret } from '../../secrets/schemas.ts';
import { connectionOptions } from './connection.ts';

export interface GenerationOptions {
  clock: Clock;
  logger: Logger;
  /** Connections at most. */
  max: number;
  /** Milliseconds to wait for a connection. */
  connectionTimeout: number;
  /** Milliseconds to wait for the answer to a statement. */
  queryTimeout: number;
  /** Milliseconds after which a retired generation is ended even while in use. */
  drainDeadline: number;
  /** A statement that needs the application's rights: `SELECT 1` succeeds even for a dropped role. */
  canary: string;
}

export interface Generation {
  readonly loaded: Loaded<DatabaseSecret>;
  readonly version: string;
  /** Logs in and runs the canary. @throws the error of PostgreSQL or of the network */
  prove(): Promise<void>;
  /** Resolves with a connection. The caller must return it with `release`. */
  acquire(): Promise<pg.PoolClient>;
  /** `broken` closes the connection instead of keeping it. */
  release(client: pg.PoolClient, broken: boolean): void;
  /** The pool ends once its last connection is returned. Resolves when it has ended. */
  retire(): Promise<void>;
  connections(): Connections;
}

/** Connections by state, and callers that wait for one. */
export interface Connections {
  busy: number;
  idle: number;
  waiting: number;
}

/** Milliseconds for which a returned connection counts as working without a check. HikariCP uses 500. */
const TRUSTED_FOR = 10;
/** Milliseconds for the answer to the check of an idle connection. */
const PATIENCE = 1_000;

export function createGeneration(
  loaded: Loaded<DatabaseSecret>,
  { clock, logger, max, connectionTimeout, queryTimeout, drainDeadline, canary }: GenerationOptions,
): Generation {
  const { value, version } = loaded;
  const pool = new pg.Pool({
    ...connectionOptions(value),
    max,
    connectionTimeoutMillis: connectionTimeout,
    query_timeout: queryTimeout,
    application_name: 'express-secrets-template',
  });
  // A lost connection without an error listener would end the process. The pool listens while a connection is idle; this
  // listener covers the time from the moment in which it is lent.
  pool.on('connect', (client) => client.on('error', ignore));
  pool.on('error', (error) =>
    logger.debug(
      { version, code: (error as { code?: string }).code },
      'an idle database connection was lost',
    ),
  );

  // Counted before the pool is asked: a pool that is ending abandons the callers in its queue.
  // https://github.com/brianc/node-postgres/issues/1980
  let users = 0;
  const lent = new Set<pg.PoolClient>();
  const returnedAt = new WeakMap<pg.PoolClient, number>();
  const ended = Promise.withResolvers<void>();
  let retired = false;
  let ending = false;

  const end = () => {
    if (ending) return;
    ending = true;
    pool.end().then(ended.resolve, ended.reject);
  };

  const leave = () => {
    users -= 1;
    if (retired && users === 0) end();
  };

  const connect = async (): Promise<pg.PoolClient> => {
    for (;;) {
      const client = await pool.connect();
      const idleSince = returnedAt.get(client);
      if (idleSince !== undefined && clock.now() - idleSince < TRUSTED_FOR) return client;
      try {
        // An idle connection may have ended unnoticed: a round trip costs less than a lost request. A pooler accepts a
        // new connection before it has one of its own to the server: only an answer proves the login.
        await client.query(ping(idleSince === undefined ? connectionTimeout : PATIENCE));
        return client;
      } catch (error) {
        client.release(true);
        if (idleSince === undefined) throw error;
      }
    }
  };

  const acquire = async () => {
    users += 1;
    try {
      const client = await connect();
      lent.add(client);
      return client;
    } catch (error) {
      leave();
      throw error;
    }
  };

  const release = (client: pg.PoolClient, broken: boolean) => {
    lent.delete(client);
    returnedAt.set(client, clock.now());
    client.release(broken || (retired && pool.waitingCount === 0));
    leave();
  };

  /** Ends idle connections early: while two generations overlap, they share the server's limit. */
  const closeIdle = () => {
    for (let idle = pool.idleCount; idle > 0; idle -= 1)
      pool.connect().then((client) => client.release(true), ignore);
  };

  /** Closes the connections that were not released in time; their statements fail. */
  const force = () => {
    if (ending) return;
    logger.warn({ version, users }, 'retired database connections are still in use and are closed now');
    for (const client of lent) void (client as unknown as pg.Client).end().catch(ignore);
    end();
  };

  return {
    loaded,
    version,
    acquire,
    release,

    async prove() {
      const client = await acquire();
      try {
        await client.query(canary);
        release(client, false);
      } catch (error) {
        release(client, true);
        throw error;
      }
    },

    retire() {
      if (!retired) {
        retired = true;
        if (users === 0) end();
        else {
          closeIdle();
          clock.schedule(drainDeadline, force);
        }
      }
      return ended.promise;
    },

    connections: () => ({
      busy: pool.totalCount - pool.idleCount,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
    }),
  };
}

/** An empty statement. The types of node-postgres do not have the time limit of a single one. */
const ping = (limit: number): pg.QueryConfig & { query_timeout: number } => ({
  text: '',
  query_timeout: limit,
});

/** The user of the connection gets the error from the statement. */
const ignore = () => {};
