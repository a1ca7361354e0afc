/**
 * Amazon RDS, limited to a login with an IAM token: PostgreSQL's protocol over TLS, with a token as the password. The
 * stand-in calculates the token's signature again.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
 * https://www.postgresql.org/docs/current/protocol-flow.html
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

export interface RdsOptions {
  tls: { key: string; cert: string };
  /** Host name that clients connect to and sign. */
  host: string;
  region: string;
  /** Access key with the permission `rds-db:connect`. */
  secretOf: (accessKeyId: string) => string | undefined;
}

export async function startRds({ tls, host, region, secretOf }: RdsOptions) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', () => {
      socket.write('S');
      const secure = new TLSSocket(socket, { isServer: true, ...tls });
      secure.on('error', () => {});
      serve(secure);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  const serve = (socket: TLSSocket) => {
    socket.once('data', (startup: Buffer) => {
      // Length, protocol version, then pairs of strings that each end in a zero.
      const pairs = startup.subarray(8).toString('utf8').split('\0');
      const user = pairs[pairs.indexOf('user') + 1] ?? '';
      socket.write(message('R', int32(CLEARTEXT_PASSWORD)));
      socket.once('data', (answer: Buffer) => {
        const token = answer.subarray(5, -1).toString('utf8');
        if (isValid(token, { host: `${host}:${port}`, user, region, secretOf }))
          socket.write(Buffer.concat([message('R', int32(OK)), message('Z', Buffer.from('I'))]));
        else socket.end(message('E', REFUSAL));
      });
    });
  };

  return {
    port,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const CLEARTEXT_PASSWORD = 3;
const OK = 0;
const REFUSAL = Buffer.from('SFATAL\0C28P01\0MPAM authentication failed\0\0');

const int32 = (value: number) => {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32BE(value);
  return buffer;
};
const message = (type: string, body: Buffer) =>
  Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);

/** Seconds. The limit of RDS, whatever lifetime the token claims. */
const LIFETIME = 900;

/** The token is a signed URL without its scheme: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
function isValid(token: string, expected: Omit<RdsOptions, 'tls'> & { user: string }): boolean {
  const url = URL.parse(`https://${token}`);
  if (!url || url.host !== expected.host || url.pathname !== '/') return false;
  const { searchParams: query } = url;
  const [accessKeyId = '', ...scope] = (query.get('X-Amz-Credential') ?? '').split('/');
  const time = query.get('X-Amz-Date') ?? '';
  const date = time.slice(0, 8);
  const secret = expected.secretOf(accessKeyId);
  const isMeant =
    query.get('Action') === 'connect' &&
    query.get('DBUser') === expected.user &&
    query.get('X-Amz-Algorithm') === 'AWS4-HMAC-SHA256' &&
    query.get('X-Amz-SignedHeaders') === 'host' &&
    scope.join('/') === `${date}/${expected.region}/rds-db/aws4_request`;
  const age =
    (Date.now() -
      Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))) /
    1000;
  if (!isMeant || secret === undefined || !(age < Math.min(LIFETIME, Number(query.get('X-Amz-Expires')))))
    return false;

  const canonicalQuery = [...query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
  const canonicalRequest = ['GET', '/', canonicalQuery, `host:${expected.host}`, '', 'host', sha256('')].join(
    '\n',
  );
  const toSign = ['AWS4-HMAC-SHA256', time, scope.join('/'), sha256(canonicalRequest)].join('\n');
  const key = scope.reduce<Buffer>((previous, part) => hmac(previous, part), Buffer.from(`AWS4${secret}`));
  const signature = Buffer.from(query.get('X-Amz-Signature') ?? '', 'hex');
  const calculated = hmac(key, toSign);
  return signature.length === calculated.length && timingSafeEqual(signature, calculated);
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest();
/** Percent-encoding by RFC 3986. */
const encode = (text: string) =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
