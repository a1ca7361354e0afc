/** The HTTP server: its time limits, and a stop that loses no request and does not wait for idle callers. */
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import { StartupError } from '../errors.ts';

/**
 * Milliseconds without a byte after which an open connection is closed when the server stops: a caller that keeps one
 * alive may be sending just then, and receives `Connection: close` with the answer.
 */
const QUIET = 500;
/** Maximum milliseconds to wait, when the server stops, for a moment without new connections. */
const CONNECTING = 2_000;
/** Milliseconds for answers to end, when the server stops; a caller may read slowly, or not at all. */
const ANSWERING = 6_000;
/** Milliseconds between two checks of the connections. */
const LOOK = 20;

/** Milliseconds. */
export interface TimeLimits {
  /** For the headers of a request to arrive. */
  headers: number;
  /** For a whole request to arrive. */
  request: number;
  /** For the next request on a connection to begin. */
  keepAlive: number;
  /** Without a byte in either direction while a request is under way: for callers who do not read their answer. */
  silence: number;
  /** Between two looks for connections that are past a limit. */
  look: number;
}

const LIMITS: TimeLimits = {
  headers: 20_000,
  request: 60_000,
  // Longer than load balancers keep a connection, so that they close it and not we under a request of theirs.
  keepAlive: 65_000,
  // Longer than the AI provider is waited for, every second attempt included.
  silence: 300_000,
  look: 5_000,
};

export interface HttpServer {
  port: number;
  /**
   * Accepts no more connections, answers what comes on the open ones, and closes each after its answer or in silence.
   * Resolves with the number of requests that had no whole answer in time.
   */
  stop(): Promise<number>;
}

export interface HttpServerOptions {
  host: string;
  port: number;
  clock: Clock;
  limits?: TimeLimits;
}

/** @throws StartupError when the port cannot be opened */
export async function startHttpServer(
  handler: RequestListener,
  { host, port, clock, limits = LIMITS }: HttpServerOptions,
): Promise<HttpServer> {
  /** Until it resolves, requests wait: a caller that waits for an answer opens no new connection. */
  let held: Promise<void> | undefined;
  const server = createServer(
    {
      keepAliveTimeout: limits.keepAlive,
      headersTimeout: limits.headers,
      requestTimeout: limits.request,
      connectionsCheckingInterval: limits.look,
    },
    (request, response) => (held ? held.then(() => handler(request, response)) : handler(request, response)),
  );
  const connections = new Set<Socket>();
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  const unanswered = new Set<ServerResponse>();
  server.prependListener('request', (_request, response) => {
    unanswered.add(response);
    response.once('close', () => unanswered.delete(response));
  });
  server.setTimeout(limits.silence);
  await listen(server, host, port);

  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      const last = (response: ServerResponse) => {
        if (!response.headersSent) response.setHeader('Connection', 'close');
      };
      unanswered.forEach(last);
      server.prependListener('request', (_request, response) => last(response));
      held = untilNoConnectionComes(server, clock);
      await held;
      // The listener alone: the server's own `close` would also end idle connections, under a request on its way.
      const closed = new Promise<void>((resolve) => {
        NetServer.prototype.close.call(server, () => resolve());
      });

      const asked = () => [...unanswered].filter(({ req }) => req.complete).length;
      const received = () => [...connections].reduce((sum, { bytesRead }) => sum + bytesRead, 0);
      let quietSince = clock.now();
      const deadline = quietSince + ANSWERING;
      for (let before = received(); connections.size > 0 && clock.now() < deadline; await clock.sleep(LOOK)) {
        const now = received();
        if (asked() > 0 || now !== before) quietSince = clock.now();
        before = now;
        if (clock.now() - quietSince >= QUIET) break;
      }
      const cut = asked();
      // What else is left has asked nothing: it is idle, or stays silent in the middle of a request.
      server.closeAllConnections();
      await closed;
      return cut;
    },
  };
}

/**
 * Waits for a moment that brings no connection, so that none is in the kernel's queue: those would be reset with the
 * listener, and their requests with them.
 */
async function untilNoConnectionComes(server: Server, clock: Clock): Promise<void> {
  const deadline = clock.now() + CONNECTING;
  let connected = true;
  const onConnection = () => {
    connected = true;
  };
  server.on('connection', onConnection);
  while (connected && clock.now() < deadline) {
    connected = false;
    await clock.sleep(LOOK);
    // Pending connections are accepted before this resolves.
    await nextTurn();
  }
  server.off('connection', onConnection);
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const remedy =
        cause.code === 'EADDRINUSE'
          ? 'End what listens there, or set PORT to another port.'
          : 'Set HOST and PORT to an address of this machine that this user may listen on.';
      const problem = {
        subject: 'PORT',
        code: cause.code ?? 'unavailable',
        message: `cannot listen on ${host}:${port}`,
        remedy,
      };
      reject(new StartupError('The service cannot listen.', [problem], { temporary: false, cause }));
    });
    server.listen(port, host, resolve);
  });
}
