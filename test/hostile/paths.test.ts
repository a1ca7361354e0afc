/** Invented methods, paths and headers. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { serveTestApp } from '../support/serve.ts';
import { exchange, statusesOf } from '../support/wire.ts';

let server: Awaited<ReturnType<typeof serveTestApp>>;
before(async () => {
  server = await serveTestApp();
});
after(() => server.close());

const send = (line: string, ...headers: string[]) =>
  exchange(
    server.port,
    [`${line} HTTP/1.1`, 'Host: a', ...headers, 'Connection: close', '', ''].join('\r\n'),
  );
const headersOf = (received: string) => received.slice(0, received.indexOf('\r\n\r\n'));

describe('a method', () => {
  for (const [line, status] of [
    ['TRACE /health', 405],
    ['TRACE /', 404],
    ['OPTIONS *', 404],
    ['PROPFIND /health', 405],
    ['PATCH /auth/me', 405],
    ['QUERY /health', 405],
  ] as const)
    it(`${line}: ${status}, and nothing comes back of what was sent`, async () => {
      const received = await send(line, 'X-Mine: shown-nowhere');
      assert.deepEqual(statusesOf(received), [status], received);
      assert.doesNotMatch(received, /shown-nowhere/);
    });

  it('CONNECT makes no tunnel', async () => {
    const received = await exchange(server.port, 'CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.deepEqual(
      statusesOf(received).filter((status) => status < 300),
      [],
    );
  });

  it('no header makes it another one', async () => {
    const received = await send('POST /health', 'Content-Length: 0', 'X-HTTP-Method-Override: GET');
    assert.deepEqual(statusesOf(received), [405]);
  });

  it('HEAD tells what GET would, without the body', async () => {
    const received = await send('HEAD /config');
    assert.deepEqual(statusesOf(received), [200]);
    assert.match(received, /\r\n\r\n$/);
  });
});

describe('a path', () => {
  for (const path of [
    '/docs/../package.json',
    '/docs/..%2fpackage.json',
    '/docs/%2e%2e/%2e%2e/package.json',
    '/docs/..%5c..%5cpackage.json',
    '/docs/....//package.json',
    '/docs/page.css/../index.html',
    '/docs/page.css%00.html',
    '/docs//page.css',
    '/../../../../etc/passwd',
    '//127.0.0.1/health',
    '/health//',
    '/health/',
    '/HEALTH',
    '/health;a=b',
    '/./health',
    '/%68ealth/..',
    '/health%00',
    '/health%0d%0aX-Injected:%20yes',
    '/%',
    '/%zz',
    '/%c0%af',
    `/${'a'.repeat(15_000)}`,
    `/${'a/'.repeat(7_000)}`,
    '/__proto__',
    '/constructor',
  ])
    it(`${path.slice(0, 40)}: nothing is there`, async () => {
      const received = await send(`GET ${path}`);
      assert.deepEqual(statusesOf(received), [404], received.slice(0, 500));
      assert.doesNotMatch(headersOf(received), /injected/i);
    });

  it('that is longer than all headers may be: 431', async () => {
    assert.deepEqual(statusesOf(await send(`GET /${'a'.repeat(20_000)}`)), [431]);
  });

  it('that is a whole address is one of ours: https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2', async () => {
    const received = await send('GET http://elsewhere.example/config');
    assert.match(received, /"provider":"vault"/);
  });
});

describe('headers', () => {
  it('of more than 16 kB: 431', async () => {
    assert.deepEqual(statusesOf(await send('GET /health', `X: ${'a'.repeat(17_000)}`)), [431]);
    const many = Array.from({ length: 4_000 }, (_, index) => `X-${index}: a`);
    assert.deepEqual(statusesOf(await send('GET /health', ...many)), [431]);
  });

  for (const id of ['a b', 'a\tb', '%0d%0aX-Injected: yes', '"', 'ä', 'x'.repeat(129), ''])
    it(`the request id ${JSON.stringify(id.slice(0, 30))} is replaced`, async () => {
      const received = await send('GET /health', `X-Request-Id: ${id}`);
      assert.match(headersOf(received), /X-Request-Id: [0-9a-f-]{36}(\r\n|$)/);
    });

  it('that ask for another protocol change nothing', async () => {
    for (const upgrade of ['websocket', 'h2c', 'TLS/1.0'])
      assert.deepEqual(
        statusesOf(await send('GET /health', `Upgrade: ${upgrade}`, 'Connection: Upgrade')),
        [200],
      );
  });

  it('that expect something else: 417', async () => {
    assert.deepEqual(
      statusesOf(await send('POST /auth/login', 'Expect: coffee', 'Content-Length: 0')),
      [417],
    );
  });

  it('named like properties of every object are headers like others', async () => {
    for (const name of ['__proto__', 'constructor', 'hasOwnProperty', 'toString'])
      assert.deepEqual(statusesOf(await send('GET /health', `${name}: x`)), [200]);
  });

  it('of a host elsewhere appear in no answer', async () => {
    const hosts = ['X-Forwarded-Host: elsewhere.example', 'Forwarded: host=elsewhere.example'];
    for (const path of ['/health', '/nowhere', '/docs', '/openapi.json'])
      assert.doesNotMatch(await send(`GET ${path}`, ...hosts), /elsewhere/);
  });

  for (const name of ['Authorization', 'Content-Type', 'Host'])
    it(`${name} twice: 400, whichever came first`, async () => {
      for (const values of [
        ['Bearer good', 'Bearer bad'],
        ['Bearer bad', 'Bearer good'],
      ]) {
        const received = await send('GET /auth/me', ...values.map((value) => `${name}: ${value}`));
        assert.deepEqual(statusesOf(received), [400]);
      }
    });
});

describe('the log', () => {
  it('has one line for a request, whatever is in its path', async () => {
    const before = server.lines.length;
    await send('GET /%0a{"level":60}%0a?token=shown-nowhere');
    const [line, ...others] = server.lines.slice(before);
    assert.deepEqual(others, []);
    assert.deepEqual((line as { req: object }).req, {
      ...(line as { req: object }).req,
      path: '/%0a{"level":60}%0a',
    });
    assert.doesNotMatch(JSON.stringify(line), /shown-nowhere/);
  });
});
