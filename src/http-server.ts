/** The HTTP server: its time limits, and an end that loses no request and waits for nobody who sends none. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StartupError } from './errors.ts';

export interface HttpServer {
  port: number;
  /** Accepts no more, answers what was asked, and then closes every connection. */
  stop(): Promise<void>;
}

/** @throws StartupError when the port cannot be had */
export async function startHttpServer(
  handler: RequestListener,
  { host, port }: { host: string; port: number },
): Promise<HttpServer> {
  const server = createServer(
    {
      // Longer than load balancers keep a connection, so that they close it and not we under a request of theirs.
      keepAliveTimeout: 65_000,
      headersTimeout: 20_000,
      requestTimeout: 60_000,
      connectionsCheckingInterval: 5_000,
    },
    handler,
  );
  let answering = 0;
  let idle = () => {};
  server.prependListener('request', (_request, response) => {
    answering += 1;
    response.once('close', () => {
      answering -= 1;
      if (answering === 0) idle();
    });
  });
  await listen(server, host, port);

  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      // Keep-alive connections would otherwise hold the server open after their last answer.
      server.prependListener('request', (_request, response) => response.setHeader('Connection', 'close'));
      const closed = new Promise((resolve) => server.close(resolve));
      const answered = new Promise<void>((resolve) => {
        idle = resolve;
      });
      if (answering > 0) await Promise.race([closed, answered]);
      // What is left has not asked anything: idle, or in the middle of its headers.
      server.closeAllConnections();
      await closed;
    },
  };
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
