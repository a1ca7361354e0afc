/** The HTTP server of every stand-in: listens on a free loopback port and stops at once. */
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface Listening {
  /** For example `http://127.0.0.1:41234`. */
  url: string;
  port: number;
  /** Closes every connection and accepts none until `accept`. */
  refuse(): Promise<void>;
  /** Listens on the same port again. */
  accept(): Promise<void>;
  /** With HTTPS: closes every connection and uses this certificate from now on. Default: the original one. */
  present(tls?: Tls): void;
  close(): Promise<void>;
}

/** In PEM. */
export interface Tls {
  key: string;
  cert: string;
}

/** `host` defaults to 127.0.0.1, `port` to any free one. With `tls` the server uses HTTPS. */
export async function listen(
  handler: RequestListener,
  {
    host = '127.0.0.1',
    port = 0,
    tls,
  }: { host?: string | undefined; port?: number | undefined; tls?: Tls | undefined } = {},
): Promise<Listening> {
  const secure = tls && createTlsServer(tls, handler);
  const server = secure ?? createServer(handler);
  // Longer than the clients' keep-alive, so that no connection closes during a request.
  server.keepAliveTimeout = 65_000;
  const open = (wanted: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(wanted, host, resolve);
    });
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  await open(port);
  const address = server.address() as AddressInfo;
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${address.port}`,
    port: address.port,
    refuse: close,
    accept: () => open(address.port),
    present(other = tls) {
      if (other) secure?.setSecureContext(other);
      server.closeAllConnections();
    },
    close,
  };
}

/** A port of 127.0.0.1 that was free a moment ago, for servers that cannot choose one. */
export async function freePort(): Promise<number> {
  const { port, close } = await listen(() => {});
  await close();
  return port;
}
