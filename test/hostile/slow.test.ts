/** Callers who take their time, with limits that are short enough to wait for. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import { route } from '../../src/http/route.ts';
import { serveTestApp } from '../support/serve.ts';
import { openWire, statusesOf } from '../support/wire.ts';

const LIMITS = { headers: 300, request: 600, keepAlive: 300, silence: 2_000, look: 50 };

/** More than the buffers of both ends hold. */
const large = route({
  method: 'get',
  path: '/large',
  summary: 'A large answer',
  access: 'all',
  answers: { 200: { description: 'A text', content: { 'text/plain': z.string() } } },
  handle: (_request, response) => void response.type('text/plain').send('x'.repeat(1_500_000)),
});

let server: Awaited<ReturnType<typeof serveTestApp>>;
afterEach(() => server.close());

/** Writes one byte after the other until the server has had enough. */
async function drip(start: string, next: string) {
  const wire = await openWire(server.port);
  const started = performance.now();
  wire.write(start);
  const timer = setInterval(() => wire.write(next), 20);
  assert.ok(await wire.closes());
  clearInterval(timer);
  return { received: wire.received(), seconds: (performance.now() - started) / 1000 };
}

const POST =
  'POST /ai/chat HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\nContent-Type: application/json\r\n';

describe('slow callers', () => {
  for (const [title, start, next] of [
    ['the headers of a request that never ends', 'GET /health HTTP/1.1\r\nHost: a\r\n', 'X: y\r\n'],
    ['a header that never ends', 'GET /health HTTP/1.1\r\nHost: a\r\nX: ', 'y'],
    ['a body that never ends', `${POST}Content-Length: 100000\r\n\r\n`, ' '],
    ['chunks that never end', `${POST}Transfer-Encoding: chunked\r\n\r\n`, '1\r\n \r\n'],
    [
      'a body that the route does not read',
      'GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n',
      ' ',
    ],
  ] as const)
    it(`${title}: the connection ends in time`, async () => {
      server = await serveTestApp({ limits: LIMITS });
      const { received, seconds } = await drip(start, next);
      assert.ok(
        statusesOf(received).every((status) => status === 408 || status === 200),
        received,
      );
      assert.ok(seconds < 5, `${seconds} s`);
    });

  it('a connection that asks nothing is closed', async () => {
    server = await serveTestApp({ limits: LIMITS });
    const wire = await openWire(server.port);
    assert.ok(await wire.closes());
    assert.equal(statusesOf(wire.received())[0], 408);
  });

  it('who do not read their answers keep them no longer than the limit', { timeout: 300_000 }, async () => {
    server = await serveTestApp({ limits: LIMITS, features: [large] });
    const wire = await openWire(server.port);
    wire.pause();
    const asked = 30;
    wire.write('GET /large HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(asked));
    // An answer that the client does not read is logged when the server gives up.
    while (!server.lines.some(({ msg }) => msg === 'request aborted')) await nextTurn();
    wire.resume();
    assert.ok(await wire.closes());
    assert.ok(statusesOf(wire.received()).length < asked);
  });

  it('many of them delay no other caller', async () => {
    server = await serveTestApp({ limits: { ...LIMITS, headers: 1_000, request: 1_000 } });
    const wires = await Promise.all(Array.from({ length: 200 }, () => openWire(server.port)));
    for (const wire of wires) wire.write('GET /health HTTP/1.1\r\nHost: a\r\nX: ');
    const response = await fetch(`${server.url}/health`);
    assert.equal(response.status, 200);
    assert.ok((await Promise.all(wires.map((wire) => wire.closes()))).every(Boolean));
  });
});
