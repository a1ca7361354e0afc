/** Sends raw bytes to a server and collects the answer, without an HTTP client that would correct either. */
import { once } from 'node:events';
import { connect } from 'node:net';

export interface Wire {
  write(bytes: string | Buffer): void;
  /** Pauses or resumes reading. */
  pause(): void;
  resume(): void;
  /** Closes the sending side. */
  end(): void;
  /** The bytes received so far. */
  received(): string;
  /** Whether the server closes the connection within ten seconds. */
  closes(): Promise<boolean>;
  destroy(): void;
}

export async function openWire(port: number): Promise<Wire> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk;
  });
  // A server that closes during a write resets the connection. That counts as closed.
  socket.on('error', () => {});
  const closed = new Promise<boolean>((resolve) => socket.once('close', () => resolve(true)));
  await once(socket, 'connect');
  return {
    write: (bytes) => void socket.write(bytes),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    end: () => void socket.end(),
    received: () => received,
    closes: () => Promise.race([closed, once(AbortSignal.timeout(10_000), 'abort').then(() => false)]),
    destroy: () => void socket.destroy(),
  };
}

/** Sends bytes and waits until the server closes the connection. @throws Error when it stays open */
export async function exchange(port: number, bytes: string | Buffer): Promise<string> {
  const wire = await openWire(port);
  wire.write(bytes);
  if (await wire.closes()) return wire.received();
  wire.destroy();
  throw new Error(`The connection is still open after ${JSON.stringify(wire.received())}`);
}

/** The status codes of the answers, in order. */
export const statusesOf = (received: string): number[] =>
  [...received.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
