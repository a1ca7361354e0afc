/** A TCP relay in front of PostgreSQL that counts connections, and takes the server away without stopping it. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Relay {
  port: number;
  /** Connections since the start. */
  connections(): number;
  /** Refuses connections, and ends those that exist. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
  /** Accepts connections and says nothing on them; ends those that exist. */
  fallSilent(): void;
  speak(): void;
  close(): Promise<void>;
}

export async function startRelay(target: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  let connections = 0;
  let silent = false;
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    connections += 1;
    keep(client);
    if (silent) return;
    const upstream = connect(target, '127.0.0.1');
    keep(upstream);
    client.pipe(upstream).pipe(client);
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const goAway = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    cut();
    await closed;
  };

  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    connections: () => connections,
    goAway,
    comeBack: () => listen(port),
    fallSilent() {
      silent = true;
      cut();
    },
    speak() {
      silent = false;
      cut();
    },
    close: goAway,
  };
}
