/** Requests that two parsers may read in two ways: refused, and the connection closed, so that nothing hides behind them. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { serveTestApp } from '../support/serve.ts';
import { exchange, statusesOf } from '../support/wire.ts';

let server: Awaited<ReturnType<typeof serveTestApp>>;
before(async () => {
  server = await serveTestApp();
});
after(() => server.close());

/** What must never be answered: it hides behind the request before it. */
const SMUGGLED = 'GET /config HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const CHUNKED = '2\r\n{}\r\n0\r\n\r\n';

const post = (headers: string[], body: string) =>
  ['POST /auth/login HTTP/1.1', 'Host: a', 'Content-Type: application/json', ...headers, '', body].join(
    '\r\n',
  );
const get = (...lines: string[]) => ['GET /health HTTP/1.1', 'Host: a', ...lines, '', ''].join('\r\n');

describe('a request whose end is not certain', () => {
  for (const [title, request] of Object.entries({
    'a length and chunks': post(['Content-Length: 4', 'Transfer-Encoding: chunked'], CHUNKED),
    'chunks and a length': post(['Transfer-Encoding: chunked', 'Content-Length: 4'], CHUNKED),
    'two lengths': post(['Content-Length: 2', 'Content-Length: 30'], '{}'),
    'the same length twice': post(['Content-Length: 2', 'Content-Length: 2'], '{}'),
    'a list of lengths': post(['Content-Length: 2, 2'], '{}'),
    'a length with a sign': post(['Content-Length: +2'], '{}'),
    'a length in hexadecimal': post(['Content-Length: 0x2'], '{}'),
    'a negative length': post(['Content-Length: -2'], '{}'),
    'a length beyond all numbers': post(['Content-Length: 99999999999999999999999'], '{}'),
    'an unknown coding': post(['Transfer-Encoding: xchunked'], CHUNKED),
    'chunks that are not last': post(['Transfer-Encoding: chunked, identity'], CHUNKED),
    'chunks twice': post(['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], CHUNKED),
    'a coding after a space': post(['Transfer-Encoding : chunked'], CHUNKED),
    'a coding on a folded line': post(['Transfer-Encoding:', ' chunked'], CHUNKED),
    'a coding behind a vertical tab': post(['Transfer-Encoding: \vchunked'], CHUNKED),
    'a chunk size with a sign': post(['Transfer-Encoding: chunked'], '+2\r\n{}\r\n0\r\n\r\n'),
    'a chunk size with a prefix': post(['Transfer-Encoding: chunked'], '0x2\r\n{}\r\n0\r\n\r\n'),
    'a chunk size beyond all numbers': post(['Transfer-Encoding: chunked'], 'fffffffffffffffff\r\n{}'),
    'a chunk longer than its size': post(['Transfer-Encoding: chunked'], '1\r\n{}\r\n0\r\n\r\n'),
    'a chunk that ends with a bare line feed': post(['Transfer-Encoding: chunked'], '2\n{}\n0\n\n'),
    'a chunk extension with a bare line feed': post(['Transfer-Encoding: chunked'], '2;x\n{}\r\n0\r\n\r\n'),
  }))
    it(title, async () => {
      const received = await exchange(server.port, request + SMUGGLED);
      assert.deepEqual(statusesOf(received), [400], received);
      assert.doesNotMatch(received, /"provider"/);
    });
});

describe('a request that is not written as it must be', () => {
  for (const [title, request] of Object.entries({
    'bare line feeds': 'GET /health HTTP/1.1\nHost: a\n\n',
    'a bare carriage return': get('X: a\rY: b'),
    'a folded line': get('X: a', ' b'),
    'a space before the colon': get('X : a'),
    'no colon': get('X'),
    'no name': get(': a'),
    'a null byte in a value': get('X: a\0b'),
    'a null byte in a name': get('X\0: a'),
    'no host': 'GET /health HTTP/1.1\r\n\r\n',
    'two hosts': get('Host: b'),
    'no version': 'GET /health\r\n\r\n',
    'another version': 'GET /health HTTP/3.7\r\nHost: a\r\n\r\n',
    'the beginning of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'a method that is none': 'FETCH /health HTTP/1.1\r\nHost: a\r\n\r\n',
    'a method in lower case': 'get /health HTTP/1.1\r\nHost: a\r\n\r\n',
    'a space in the path': 'GET /health /x HTTP/1.1\r\nHost: a\r\n\r\n',
    'a null byte in the path': 'GET /health\0 HTTP/1.1\r\nHost: a\r\n\r\n',
    'a line feed in the path': 'GET /health\nX: y HTTP/1.1\r\nHost: a\r\n\r\n',
    'a handshake of TLS': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  }))
    it(title, async () => {
      const received = await exchange(server.port, request + SMUGGLED);
      assert.ok(
        statusesOf(received).every((status) => status === 400),
        received,
      );
      assert.doesNotMatch(received, /"provider"/);
    });
});
