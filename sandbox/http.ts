/** What every stand-in needs of HTTP: a server on a free loopback port that stops at once. */
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface Listening {
  /** For example `http://127.0.0.1:41234`. */
  url: string;
  port: number;
  /** Breaks every connection, and takes no other until `accept`. */
  refuse(): Promise<void>;
  /** Listens on the same port again. */
  accept(): Promise<void>;
  /** With HTTPS: breaks every connection, and shows this certificate from now on, or its own again. */
  present(tls?: Tls): void;
  close(): Promise<void>;
}

/** In PEM. */
export interface Tls {
  key: string;
  cert: string;
}

/** `host` defaults to 127.0.0.1, `port` to any free one; with `tls` the server speaks HTTPS. */
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
  // Longer than clients keep a connection, so that none is closed under a request of theirs.
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

/** A port of 127.0.0.1 that was free a moment ago, for servers that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const { port, close } = await listen(() => {});
  await close();
  return port;
}
