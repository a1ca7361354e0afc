/** A server in front of PostgreSQL that offers TLS with a certificate of the test's choice. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { TLSSocket, type TLSSocketOptions } from 'node:tls';
import { generate } from 'selfsigned';

interface Authority {
  cert: string;
  key: string;
}

const DAY = 24 * 60 * 60 * 1000;
const at = (days: number) => new Date(Date.now() + days * DAY);
const KEYS = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const;

/** @param issuer makes it an intermediate authority */
export async function createAuthority(name: string, issuer?: Authority): Promise<Authority> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
    ...KEYS,
    notBeforeDate: at(-1),
    notAfterDate: at(7),
    ...(issuer && { ca: issuer }),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return { cert, key };
}

export interface CertificateOptions {
  /** Default: the address of the relay. */
  host?: string;
  /** Days from now. Default -1 and 7. */
  from?: number;
  until?: number;
}

/** @param issuer none: the certificate signs itself */
export async function createCertificate(
  issuer: Authority | undefined,
  { host, from = -1, until = 7 }: CertificateOptions = {},
) {
  const { cert, private: key } = await generate([{ name: 'commonName', value: host ?? '127.0.0.1' }], {
    ...KEYS,
    notBeforeDate: at(from),
    notAfterDate: at(until),
    ...(issuer && { ca: issuer }),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      {
        name: 'subjectAltName',
        altNames: [host === undefined ? { type: 7, ip: '127.0.0.1' } : { type: 2, value: host }],
      },
    ],
  });
  return { cert, key };
}

/** @param answer to the request for TLS; `S` starts it. https://www.postgresql.org/docs/current/protocol-flow.html */
export async function startTlsRelay(target: number, options: TLSSocketOptions, answer = 'S') {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((raw) => {
    keep(raw);
    raw.once('data', () => {
      raw.write(answer);
      if (answer !== 'S') return;
      const secure = new TLSSocket(raw, { isServer: true, ...options });
      keep(secure);
      const upstream = connect(target, '127.0.0.1');
      keep(upstream);
      secure.pipe(upstream).pipe(secure);
      secure.on('close', () => upstream.destroy());
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
