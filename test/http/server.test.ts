/** How the HTTP server ends, over real sockets. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { systemClock as clock } from '../../src/clock.ts';
import { StartupError } from '../../src/errors.ts';
import { type HttpServer, startHttpServer } from '../../src/http/server.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';

describe('the HTTP server', () => {
  let server: HttpServer;
  const start = async (handler: RequestListener, time = clock) => {
    server = await startHttpServer(handler, { host: '127.0.0.1', port: 0, clock: time });
  };
  afterEach(() => server?.stop());

  /** A connection, with what it has received so far. */
  const open = async () => {
    const socket = connect(server.port, '127.0.0.1').setEncoding('utf8');
    const connection = { socket, text: '', ended: new Promise((resolve) => socket.once('close', resolve)) };
    socket.on('data', (chunk) => {
      connection.text += chunk;
    });
    socket.on('error', (error) => {
      connection.text += error.message;
    });
    await once(socket, 'connect');
    return connection;
  };
  const answer = (text: string): RequestListener => {
    return (_request, response) => {
      response.end(text);
    };
  };

  it('ends at once without connections', async () => {
    await start(answer('done'));
    const started = performance.now();
    await server.stop();
    assert.ok(performance.now() - started < 300);
  });

  it('answers a request that is under way, and says that the connection ends', async () => {
    let asked = () => {};
    const arrived = new Promise<void>((resolve) => {
      asked = resolve;
    });
    let finish = () => {};
    await start((_request, response) => {
      finish = () => response.end('late');
      asked();
    });
    const caller = await open();
    caller.socket.write(REQUEST);
    await arrived;
    const stopped = server.stop();
    finish();
    await caller.ended;
    await stopped;
    assert.match(caller.text, /^HTTP\/1\.1 200 OK[\s\S]*late/);
  });

  it('answers what comes on a connection that was idle when the stop began', async () => {
    await start(answer('done'));
    const caller = await open();
    caller.socket.write(REQUEST);
    await once(caller.socket, 'data');
    caller.text = '';
    const stopped = server.stop();
    setImmediate(() => caller.socket.write(REQUEST));
    await caller.ended;
    await stopped;
    assert.match(caller.text, /^HTTP\/1\.1 200 OK[\s\S]*Connection: close[\s\S]*done/i);
  });

  it('accepts no more connections', async () => {
    await start(answer('done'));
    await server.stop();
    await assert.rejects(open(), { code: 'ECONNREFUSED' });
  });

  for (const [what, bytes] of [
    ['nothing', ''],
    ['half a header', 'GET / HTTP/1.1\r\nHo'],
    ['half a body', 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf'],
  ] as const)
    it(`does not wait for a caller who sends ${what}`, async () => {
      await start((request, response) => {
        request.resume().on('end', () => response.end());
      });
      const caller = await open();
      caller.socket.write(bytes);
      const started = performance.now();
      await server.stop();
      assert.ok(performance.now() - started < 2_000);
      await caller.ended;
    });

  it('cuts an answer that does not end in six seconds, and tells', async () => {
    await start((_request, response) => response.write('and so on'), {
      ...clock,
      now: () => clock.now() * 20,
    });
    const caller = await open();
    caller.socket.write(REQUEST);
    await once(caller.socket, 'data');
    assert.equal(await server.stop(), 1);
    await caller.ended;
  });

  it('says what to do when the port is taken', async () => {
    await start(answer('done'));
    const options = { host: '127.0.0.1', port: server.port, clock };
    await assert.rejects(startHttpServer(answer(''), options), (error) => {
      assert.ok(error instanceof StartupError);
      assert.match(error.report(), /Stop the process that listens there, or set PORT to another port\./);
      return true;
    });
  });
});
