/** A TCP server that speaks as a pooler does: it refuses some users in a pooler's words, and relays all others. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Refusal {
  code: string;
  message: string;
  /** Accepts the login and refuses the first statement, as a pooler that shares its connections. Default false. */
  later?: boolean;
}

const message = (type: string, body: Buffer) => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
};
const READY = Buffer.concat([message('R', Buffer.alloc(4)), message('Z', Buffer.from('I'))]);
const fatal = ({ code, message: text }: Refusal) =>
  message('E', Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${text}\0\0`));

/** The user in a start-up message. https://www.postgresql.org/docs/current/protocol-message-formats.html */
const userOf = (startup: Buffer) => /\0user\0([^\0]*)\0/.exec(startup.subarray(7).toString())?.[1] ?? '';

export async function startPooler(target: number) {
  const refusals = new Map<string, Refusal>();
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    keep(client);
    client.once('data', (startup: Buffer) => {
      const refusal = refusals.get(userOf(startup));
      if (refusal?.later) {
        client.write(READY);
        client.once('data', () => client.end(fatal(refusal)));
      } else if (refusal) client.end(fatal(refusal));
      else {
        const upstream = connect(target, '127.0.0.1');
        keep(upstream);
        upstream.write(startup);
        client.pipe(upstream).pipe(client);
        client.on('close', () => upstream.destroy());
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    /** Refuses new connections of this user. */
    refuse(user: string, refusal: Refusal) {
      refusals.set(user, refusal);
    },
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
