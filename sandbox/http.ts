/** What every stand-in needs of HTTP: a server on a free loopback port that stops at once. */
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface Listening {
  /** For example `http://127.0.0.1:41234`. */
  url: string;
  port: number;
  close(): Promise<void>;
}

/** Listens on 127.0.0.1. `port` defaults to any free one; with `tls` the server speaks HTTPS. */
export async function listen(
  handler: RequestListener,
  { port = 0, tls }: { port?: number; tls?: { key: string; cert: string } } = {},
): Promise<Listening> {
  const server = tls ? createTlsServer(tls, handler) : createServer(handler);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${address.port}`,
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A port of 127.0.0.1 that was free a moment ago, for servers that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const { port, close } = await listen(() => {});
  await close();
  return port;
}
