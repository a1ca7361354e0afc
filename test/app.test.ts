/** The HTTP surface with stubbed clients: the answers to each kind of caller. The clients have their own tests. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import request from 'supertest';
import { ChatError } from '../src/clients/openai.ts';
import { ada, authorized, createTestApp, PASSWORD, rows, type TestAppOptions } from './support/app.ts';

function createFixture(options: TestAppOptions = {}) {
  const { app, lines } = createTestApp(options);
  return { http: request(app), lines };
}

describe('health', () => {
  it('/health is green whatever is broken', async () => {
    await createFixture({ failing: ['database'] })
      .http.get('/health')
      .expect(200, { status: 'ok' });
  });
  it('/ready names the component and nothing more', async () => {
    await createFixture().http.get('/ready').expect(200, { status: 'ready' });
    await createFixture({ failing: ['database'] })
      .http.get('/ready')
      .expect(503, { status: 'not ready', failing: ['database'] });
  });
  it('/config shows names', async () => {
    const { body } = await createFixture().http.get('/config').expect(200);
    assert.deepEqual(body, {
      provider: 'vault',
      environment: 'test',
      secrets: ['database', 'jwt', 'openai'],
    });
  });
});

describe('POST /auth/login', () => {
  it('gives a token', async () => {
    const { body, headers } = await createFixture()
      .http.post('/auth/login')
      .send({ email: ada.email, password: PASSWORD })
      .expect(200);
    assert.deepEqual(body, { token: 'good', expiresIn: 60, user: ada });
    assert.equal(headers['cache-control'], 'no-store');
  });

  it('answers alike to an unknown address and a wrong password', async () => {
    const wrong = await createFixture()
      .http.post('/auth/login')
      .send({ email: ada.email, password: 'x' })
      .expect(401);
    const unknown = await createFixture({ read: rows([]) })
      .http.post('/auth/login')
      .send({ email: 'nobody@example.com', password: 'x' })
      .expect(401);
    assert.deepEqual({ ...wrong.body, requestId: '' }, { ...unknown.body, requestId: '' });
  });

  it('limits attempts', async () => {
    const { http } = createFixture();
    for (let attempt = 0; attempt < 5; attempt += 1) await http.post('/auth/login').send({}).expect(400);
    const { body } = await http
      .post('/auth/login')
      .send({})
      .expect(429)
      .expect('Content-Type', /problem\+json/);
    assert.match(body.detail, /Too many/);
  });

  it('says 503 and when to come back while the database is away', async () => {
    const read = () => Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
    await createFixture({ read })
      .http.post('/auth/login')
      .send({ email: ada.email, password: PASSWORD })
      .expect(503)
      .expect('Retry-After', '5');
  });
});

describe('bearer tokens', () => {
  it('/auth/me knows the caller', async () => {
    await createFixture().http.get('/auth/me').set(authorized).expect(200, ada);
  });

  for (const [title, header] of [
    ['none', undefined],
    ['a wrong one', 'Bearer bad'],
    ['another scheme', 'Basic Zm9vOmJhcg=='],
    ['two', 'Bearer good good'],
    ['an empty one', 'Bearer '],
  ] as const)
    it(`${title}: 401 with a challenge`, async () => {
      const { http } = createFixture();
      const response = await (header
        ? http.get('/auth/me').set('Authorization', header)
        : http.get('/auth/me'));
      assert.equal(response.status, 401);
      assert.match(response.headers['www-authenticate'] ?? '', /^Bearer /);
      assert.equal(response.headers['content-type'], 'application/problem+json; charset=utf-8');
    });

  for (const path of ['/db-test', '/ai/chat'])
    it(`${path} needs one`, async () => {
      await createFixture().http.post(path).send({}).expect(401);
    });
});

describe('POST /db-test', () => {
  it('tells user, version and time', async () => {
    const { body } = await createFixture({ read: rows([{ user: 'app', version: '18.0' }]) })
      .http.post('/db-test')
      .set(authorized)
      .expect(200);
    assert.deepEqual(
      { ...body, latencyMs: 0 },
      { connected: true, latencyMs: 0, user: 'app', serverVersion: '18.0' },
    );
    assert.equal(typeof body.latencyMs, 'number');
  });

  it('tells no detail of a failure', async () => {
    const read = () => Promise.reject(new Error('shown-nowhere'));
    const { text } = await createFixture({ read }).http.post('/db-test').set(authorized).expect(503);
    assert.doesNotMatch(text, /shown-nowhere/);
  });
});

describe('POST /ai/chat', () => {
  it('replies', async () => {
    await createFixture()
      .http.post('/ai/chat')
      .set(authorized)
      .send({ message: 'hi' })
      .expect(200, { reply: 'echo hi' });
  });

  it('streams server-sent events', async () => {
    const stream = async () =>
      (async function* () {
        yield 'a';
        yield 'b';
      })();
    const { text } = await createFixture({ chat: { stream } })
      .http.post('/ai/chat')
      .set(authorized)
      .send({ message: 'hi', stream: true })
      .expect(200)
      .expect('Content-Type', /^text\/event-stream/);
    assert.equal(text, 'data: {"text":"a"}\n\ndata: {"text":"b"}\n\nevent: done\ndata: {}\n\n');
  });

  it('a stream that breaks does not end as if it were whole', async () => {
    const stream = async () =>
      (async function* () {
        yield 'a';
        throw new Error('broke');
      })();
    await assert.rejects(
      async () =>
        createFixture({ chat: { stream } })
          .http.post('/ai/chat')
          .set(authorized)
          .send({ message: 'hi', stream: true }),
      /aborted/,
    );
  });

  for (const [title, body] of [
    ['empty', { message: '  ' }],
    ['missing', {}],
    ['of the wrong type', { message: 1 }],
    ['with unknown fields', { message: 'hi', extra: 1 }],
  ] as const)
    it(`a message that is ${title}: 400`, async () => {
      const response = await createFixture().http.post('/ai/chat').set(authorized).send(body).expect(400);
      assert.ok(response.body.errors.length > 0);
    });

  for (const [failure, expected] of [
    ['refused', 502],
    ['unavailable', 502],
    ['busy', 503],
    ['timeout', 504],
  ] as const)
    it(`a provider that is ${failure} is ${expected}`, async () => {
      const complete = () => Promise.reject(new ChatError(failure, { cause: new Error('shown-nowhere') }));
      const { text } = await createFixture({ chat: { complete } })
        .http.post('/ai/chat')
        .set(authorized)
        .send({ message: 'hi' })
        .expect(expected);
      assert.doesNotMatch(text, /shown-nowhere/);
    });
});

describe('bodies and paths', () => {
  const post = () => createFixture().http.post('/ai/chat').set(authorized);
  it('malformed JSON: 400', async () => {
    await post()
      .set('Content-Type', 'application/json')
      .send('{"message": ')
      .expect(400)
      .expect('Content-Type', /problem\+json/);
  });
  it('another type: 415', async () => {
    await post().set('Content-Type', 'text/plain').send('hi').expect(415);
  });
  it('another charset: 415', async () => {
    await post().set('Content-Type', 'application/json; charset=latin1').send('{}').expect(415);
  });
  it('too large: 413', async () => {
    await post()
      .send({ message: 'x'.repeat(102_400) })
      .expect(413);
  });
  it('no body: 400', async () => {
    await post().expect(400);
  });
  it('an unknown path: 404', async () => {
    await createFixture()
      .http.get('/nowhere')
      .expect(404)
      .expect('Content-Type', /problem\+json/);
  });
  for (const [method, path, allowed] of [
    ['get', '/auth/login', 'POST'],
    ['delete', '/health', 'GET, HEAD'],
    ['options', '/auth/me', 'GET, HEAD'],
  ] as const)
    it(`${method} ${path}: 405, and what is allowed`, async () => {
      await createFixture().http[method](path).expect(405).expect('Allow', allowed);
    });
});

describe('every answer', () => {
  it('carries a request id: the caller’s own if it looks like one', async () => {
    const { http } = createFixture();
    assert.equal(
      (await http.get('/health').set('X-Request-Id', 'my-id.1')).headers['x-request-id'],
      'my-id.1',
    );
    assert.match(
      (await http.get('/health').set('X-Request-Id', 'no good')).headers['x-request-id'] ?? '',
      /^[0-9a-f-]{36}$/,
    );
    const { body, headers } = await http.get('/nowhere');
    assert.equal(body.requestId, headers['x-request-id']);
  });

  it('carries helmet’s headers and no name of the framework', async () => {
    const { headers } = await createFixture().http.get('/health');
    assert.equal(headers['x-powered-by'], undefined);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.match(headers['content-security-policy'] ?? '', /default-src 'self'/);
  });

  it('is logged with method, path and status, and without query, headers or body', async () => {
    const { http, lines } = createFixture();
    await http
      .post('/auth/login?token=shown-nowhere')
      .set('Authorization', 'shown-nowhere')
      .send({ email: 'a@b.c', password: 'shown-nowhere' });
    const text = JSON.stringify(lines);
    assert.match(text, /"path":"\/auth\/login"/);
    assert.doesNotMatch(text, /shown-nowhere/);
  });

  it('that fails in an unexpected way is a 500 without its reason, which is logged', async () => {
    const read = () => Promise.reject(new Error('the reason'));
    const { http, lines } = createFixture({ read });
    const { text } = await http
      .post('/auth/login')
      .send({ email: ada.email, password: PASSWORD })
      .expect(500);
    assert.doesNotMatch(text, /the reason/);
    assert.match(JSON.stringify(lines), /the reason/);
  });
});
