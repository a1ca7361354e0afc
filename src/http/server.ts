/** The HTTP server: its time limits, and a stop that loses no request and does not wait for idle connections. */
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import { StartupError } from '../errors.ts';

/**
 * Milliseconds without a received byte after which a stopping server closes its open connections. A caller on a
 * keep-alive connection may be sending, and its answer carries `Connection: close`.
 */
const QUIET = 500;
/** Milliseconds that a stopping server waits at most for a moment without new connections. */
const CONNECTING = 2_000;
/** Milliseconds that a stopping server gives to answers. A caller may read slowly, or not at all. */
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
  /** Without a byte in either direction during a request, for example when the caller does not read the answer. */
  silence: number;
  /** Between two checks for connections that are past a limit. */
  look: number;
}

const LIMITS: TimeLimits = {
  headers: 20_000,
  request: 60_000,
  // Longer than load balancers keep a connection. They close it first, so no request meets a closing connection.
  keepAlive: 65_000,
  // Longer than the AI provider may take, retries included.
  silence: 300_000,
  look: 5_000,
};

export interface HttpServer {
  port: number;
  /**
   * Accepts no more connections, answers requests on the open ones, and closes each after its answer or when it is idle.
   * Resolves with the number of requests without a complete answer.
   */
  stop(): Promise<number>;
}

export interface HttpServerOptions {
  host: string;
  port: number;
  clock: Clock;
  limits?: TimeLimits;
}

/** @throws StartupError when it cannot listen on the port */
export async function startHttpServer(
  handler: RequestListener,
  { host, port, clock, limits = LIMITS }: HttpServerOptions,
): Promise<HttpServer> {
  /** Requests wait for this while the server stops: a caller that waits for an answer opens no new connection. */
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
      // Closes the listener only. The server's own `close` also ends idle connections, which a request may be reaching.
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
      // The other connections are idle, or silent in the middle of a request.
      server.closeAllConnections();
      await closed;
      return cut;
    },
  };
}

/**
 * Waits for a moment without new connections, so that the kernel's queue is empty. Closing the listener would reset
 * queued connections and lose their requests.
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
          ? 'Stop the process that listens there, or set PORT to another port.'
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
