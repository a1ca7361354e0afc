/** Bodies that are too large, cut off, nested, of another kind, or meant to change what objects are. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { PASSWORD } from '../support/app.ts';
import { serveTestApp } from '../support/serve.ts';
import { exchange, openWire, statusesOf } from '../support/wire.ts';

let server: Awaited<ReturnType<typeof serveTestApp>>;
before(async () => {
  server = await serveTestApp({ loginRateLimit: 1_000 });
});
after(() => server.close());

const TYPE = 'Content-Type: application/json';
const head = (headers: string[], path = '/ai/chat') =>
  [
    `POST ${path} HTTP/1.1`,
    'Host: a',
    'Authorization: Bearer good',
    'Connection: close',
    ...headers,
    '',
    '',
  ].join('\r\n');

async function send(
  body: string | Buffer,
  { type = TYPE, headers = [] as string[], path = '/ai/chat' } = {},
) {
  const bytes = Buffer.from(body);
  const all = [type, `Content-Length: ${bytes.length}`, ...headers];
  const received = await exchange(server.port, Buffer.concat([Buffer.from(head(all, path)), bytes]));
  const [status] = statusesOf(received);
  assert.match(received, status === 200 ? /application\/json/ : /application\/problem\+json/, received);
  return { status, received };
}

describe('a body that is too large', () => {
  it('is refused by what it says of its length, before it comes', async () => {
    assert.deepEqual(
      statusesOf(await exchange(server.port, head([TYPE, 'Content-Length: 1000000000']))),
      [413],
    );
  });

  it('is refused where it passes the limit, and does not go on', async () => {
    const wire = await openWire(server.port);
    wire.write(head([TYPE, 'Transfer-Encoding: chunked']));
    const chunk = `1000\r\n${'x'.repeat(0x1000)}\r\n`;
    let sent = 0;
    const timer = setInterval(() => {
      wire.write(chunk);
      sent += 0x1000;
    }, 1);
    assert.ok(await wire.closes());
    clearInterval(timer);
    assert.deepEqual(statusesOf(wire.received()), [413]);
    assert.ok(sent < 10_000_000, `${sent} bytes`);
  });

  it('is refused before it is expected', async () => {
    const wire = await openWire(server.port);
    wire.write(head([TYPE, 'Content-Length: 1000000', 'Expect: 100-continue']));
    assert.ok(await wire.closes());
    assert.equal(statusesOf(wire.received()).at(-1), 413);
  });

  it('is not read from a caller without access', async () => {
    const request = head([TYPE, 'Content-Length: 1000000000']).replace('Bearer good', 'Bearer bad');
    assert.deepEqual(statusesOf(await exchange(server.port, request)), [401]);
  });

  it('is no larger when it is compressed: that is not read at all', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    assert.ok(bomb.length < 102_400);
    for (const encoding of ['gzip', 'deflate', 'br', 'gzip, gzip', 'x-gzip', 'bogus'])
      assert.equal((await send(bomb, { headers: [`Content-Encoding: ${encoding}`] })).status, 415);
  });
});

describe('a body that is cut off', () => {
  for (const [title, headers] of [
    ['in its length', 'Content-Length: 100'],
    ['in a chunk', 'Transfer-Encoding: chunked'],
  ] as const)
    it(`${title}: no answer but 400, and nothing to worry about in the log`, async () => {
      const before = server.lines.length;
      const wire = await openWire(server.port);
      wire.write(`${head([TYPE, headers])}50\r\n{"message": "hel`);
      wire.end();
      assert.ok(await wire.closes());
      assert.ok(statusesOf(wire.received()).every((status) => status === 400));
      assert.deepEqual(
        server.lines.slice(before).filter(({ level }) => Number(level) > 40),
        [],
      );
    });

  it('in its JSON: 400', async () => {
    const whole = '{"message":"hello"}';
    for (let length = 1; length < whole.length; length += 1)
      assert.equal((await send(whole.slice(0, length))).status, 400);
  });
});

describe('a body of the wrong shape', () => {
  for (const [title, body] of Object.entries({
    nothing: '',
    null: 'null',
    'a number': '1',
    'a text': '"message"',
    'a list': '[{"message":"hi"}]',
    'deep lists': '['.repeat(50_000) + ']'.repeat(50_000),
    'deep objects': `${'{"message":'.repeat(8_000)}1${'}'.repeat(8_000)}`,
    'deep and cut off': '['.repeat(100_000),
    'an object for a text': '{"message":{"toString":"x"}}',
    'a list for a text': '{"message":["hi"]}',
    'a number for a text': '{"message":1}',
    'a text for a truth value': '{"message":"hi","stream":"true"}',
    'many fields': `{${Array.from({ length: 8_000 }, (_, index) => `"k${index}":1`).join()}}`,
    'two values': '{"message":"hi"}{"message":"ho"}',
    'a comment': '{"message":"hi"/**/}',
    JavaScript: '{message:"hi"}',
    'a number that is none': '{"message":"hi","stream":NaN}',
  }))
    it(`${title}: 400`, async () => {
      // Processor time: a busy machine takes longer.
      const started = process.cpuUsage();
      assert.equal((await send(body)).status, 400);
      assert.ok(process.cpuUsage(started).user < 5_000_000);
    });

  it('tells of many faults in an answer that is not larger than what was sent', async () => {
    const body = `{${Array.from({ length: 8_000 }, (_, index) => `"k${index}":1`).join()}}`;
    const { received } = await send(body);
    assert.ok(received.length < 1.2 * body.length, `${received.length} bytes`);
  });
});

describe('a field that comes twice', () => {
  it('counts as the last one everywhere: what was checked is what is used', async () => {
    assert.match((await send('{"message":"one","message":"two"}')).received, /"reply":"echo two"/);
    assert.equal((await send('{"message":"one","message":2}')).status, 400);
    const login = '{"email":1,"email":"ada@example.com","password":"x","password":"PASSWORD"}';
    assert.equal((await send(login.replace('PASSWORD', PASSWORD), { path: '/auth/login' })).status, 200);
  });
});

describe('a body that names what every object has', () => {
  for (const extra of [
    '"__proto__":{"polluted":true}',
    '"constructor":{"prototype":{"polluted":true}}',
    '"prototype":{"polluted":true}',
    '"toString":"polluted"',
    '"\\u005f_proto__":{"polluted":true}',
  ])
    it(`${extra}: 400, and objects are what they were`, async () => {
      assert.equal((await send(`{"message":"hi",${extra}}`)).status, 400);
      assert.equal((await send(`{${extra}}`)).status, 400);
      assert.equal(({} as { polluted?: boolean }).polluted, undefined);
      assert.equal(typeof {}.toString, 'function');
    });

  it('gives no missing field its value', async () => {
    assert.equal((await send('{"__proto__":{"message":"hi"}}')).status, 400);
  });
});

describe('a body of another kind', () => {
  const body = '{"message":"hi"}';
  for (const type of [
    'Content-Type: text/plain',
    'Content-Type: application/x-www-form-urlencoded',
    'Content-Type: multipart/form-data; boundary=x',
    'Content-Type: application/json-seq',
    'Content-Type: application/problem+json',
    'Content-Type: application/json, text/plain',
    'Content-Type: */*',
    'Content-Type: ',
    'Content-Type: application/json; charset=utf-16',
    'Content-Type: application/json; charset=utf-7',
    'Content-Type: application/json; charset=latin1',
    'Content-Type: application/json; charset=nonsense',
    'X-Nothing: application/json',
  ])
    it(`${type}: 415`, async () => {
      assert.equal((await send(body, { type })).status, 415);
    });

  for (const type of [
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'APPLICATION/JSON',
  ])
    it(`${type} is what we take`, async () => {
      assert.equal((await send(body, { type: `Content-Type: ${type}` })).status, 200);
    });

  it('in bytes of UTF-16 or none: 400', async () => {
    assert.equal((await send(Buffer.from(body, 'utf16le'))).status, 400);
    assert.equal((await send(Buffer.from([0xff, 0xfe, 0x00]))).status, 400);
  });
});

describe('a text that would be something else elsewhere', () => {
  it('stays a text in an event', async () => {
    const message = 'a\n\nevent: done\ndata: {}\n\n';
    const stream = async () =>
      (async function* () {
        yield message;
      })();
    const other = await serveTestApp({ chat: { stream } });
    const body = JSON.stringify({ message: 'hi', stream: true });
    const request = head([TYPE, `Content-Length: ${body.length}`]) + body;
    const received = await exchange(other.port, request);
    assert.equal(received.match(/^event: done/gm)?.length, 1);
    await other.close();
  });

  it('is no address to log in with', async () => {
    for (const email of [
      "' OR 1=1 --",
      'a@b.c\u0000',
      'a@b.c\r\nBcc: x@y.z',
      'ada@example.com ',
      'ädä@example.com',
    ])
      assert.equal(
        (await send(JSON.stringify({ email, password: 'x' }), { path: '/auth/login' })).status,
        400,
        email,
      );
  });
});
