/** The routes with a stubbed service: access, input, and the answers for failures. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import request from 'supertest';
import type { Tokens } from '../../../src/clients/jwt.ts';
import type { Configuration } from '../../../src/features/credentials/configuration.ts';
import {
  CredentialError,
  type CredentialErrorCode,
} from '../../../src/features/credentials/credential-error.ts';
import type { Credentials } from '../../../src/features/credentials/credentials.ts';
import { credentialRoutes } from '../../../src/features/credentials/routes.ts';
import { conceal } from '../../../src/secrets/conceal.ts';
import { authorized, createTestApp } from '../../support/app.ts';
import { createRecordingLogger } from '../../support/logger.ts';

const GUID = '6f1c1c1e-3f0b-4c1e-9a55-0d9a1f7c2b11';
const config: Configuration = { 'secret-path': 'myapp/credentials/warehouse' };

function createFixture({
  limit = 100,
  tokens,
  ...service
}: Partial<Credentials> & { limit?: number; tokens?: Tokens } = {}) {
  const { logger, lines } = createRecordingLogger();
  const credentials: Credentials = {
    saveCredentials: async () => GUID,
    listCredentials: async () => [],
    findCredentials: async (guid) => ({ guid, createdAt: new Date(0), configuration: config }),
    deleteCredentials: async () => {},
    getCredentials: async () => ({}),
    withConnection: () => assert.fail('no route uses this'),
    testConnection: async () => 12,
    ...service,
  };
  const features = credentialRoutes({ credentials, logger, limit });
  const { app, lines: requests } = createTestApp({ features, ...(tokens && { tokens }) });
  return { http: request(app), lines, requests };
}

const failing = (code: CredentialErrorCode) => () => Promise.reject(new CredentialError(code, 'the reason'));

describe('POST /credentials', () => {
  it('gives a GUID', async () => {
    await createFixture().http.post('/credentials').set(authorized).send(config).expect(201, { guid: GUID });
  });
  it('hands over what was sent, and nothing that was not asked for', async () => {
    let saved: unknown;
    const { http } = createFixture({
      saveCredentials: async (given) => {
        saved = given;
        return GUID;
      },
    });
    await http.post('/credentials').set(authorized).send(config).expect(201);
    assert.deepEqual(saved, config);
  });
});

describe('POST /credentials/test', () => {
  it('tells that it connected, and how long it took', async () => {
    const { http } = createFixture();
    await http
      .post('/credentials/test')
      .set(authorized)
      .send(config)
      .expect(200, { connected: true, latencyMs: 12 });
  });
  it('works for a GUID', async () => {
    let tested: unknown;
    const { http } = createFixture({
      testConnection: async (given) => {
        tested = given;
        return 1;
      },
    });
    await http.post(`/credentials/${GUID}/test`).set(authorized).expect(200);
    assert.equal(tested, GUID);
    await http.post('/credentials/no-guid/test').set(authorized).expect(400);
  });
});

describe('saved connections', () => {
  const found = { guid: GUID, createdAt: '1970-01-01T00:00:00.000Z', configuration: config };
  const fixture = (service: Partial<Credentials> = {}) => createFixture(service).http;

  it('are listed', async () => {
    const listCredentials = async () => [{ guid: GUID, createdAt: new Date(0), configuration: config }];
    await fixture({ listCredentials })
      .get('/credentials')
      .set(authorized)
      .expect(200, { credentials: [found] });
  });

  it('are shown', async () => {
    await fixture().get(`/credentials/${GUID}`).set(authorized).expect(200, found);
    await fixture().get('/credentials/no-guid').set(authorized).expect(400);
  });

  it('are deleted', async () => {
    let deleted: unknown;
    const http = fixture({
      deleteCredentials: async (guid) => {
        deleted = guid;
      },
    });
    await http.delete(`/credentials/${GUID}`).set(authorized).expect(204, {});
    assert.equal(deleted, GUID);
  });

  it('list their fields, with the origin of each and no value', async () => {
    const extra = conceal({ database: 'planted-c4n4ry', sslmode: 'require' }, 'database');
    const resolved = conceal({ host: 'h', password: 'planted-c4n4ry', extra }, 'password');
    const http = fixture({ getCredentials: async () => resolved });
    await http
      .get(`/credentials/${GUID}/fields`)
      .set(authorized)
      .expect(200, {
        fields: [
          { name: 'host', from: 'configuration' },
          { name: 'password', from: 'secret' },
          { name: 'extra.database', from: 'secret' },
          { name: 'extra.sslmode', from: 'configuration' },
        ],
      });
  });
});

describe('callers', () => {
  const paths = ['/credentials', '/credentials/test', `/credentials/${GUID}/test`];
  for (const path of paths) {
    it(`${path} needs a token`, async () => {
      await createFixture().http.post(path).send(config).expect(401);
    });
    it(`${path} needs the role admin`, async () => {
      const tokens: Tokens = {
        sign: () => ({ token: 'good', expiresIn: 60 }),
        verify: async () => ({ sub: '7', email: 'bob@example.com', role: 'user' }),
      };
      await createFixture({ tokens }).http.post(path).set(authorized).send(config).expect(403);
    });
  }

  it('have so many requests a minute, over all routes', async () => {
    const { http } = createFixture({ limit: 2 });
    await http.post('/credentials').set(authorized).send(config).expect(201);
    await http.post('/credentials/test').set(authorized).send(config).expect(200);
    const { body } = await http.post(`/credentials/${GUID}/test`).set(authorized).expect(429);
    assert.match(body.detail, /Try again in a minute/);
  });
});

describe('a failure', () => {
  for (const [code, status] of [
    ['invalid', 422],
    ['not-allowed', 403],
    ['not-found', 404],
    ['refused', 422],
    ['unavailable', 503],
  ] as const)
    it(`that is ${code} is ${status} with its reason`, async () => {
      const { http } = createFixture({ testConnection: failing(code) });
      const { body } = await http.post(`/credentials/${GUID}/test`).set(authorized).expect(status);
      assert.equal(body.detail, 'the reason');
    });

  it('that is unexpected reveals nothing', async () => {
    const testConnection = () => Promise.reject(new Error('shown-nowhere'));
    const { http } = createFixture({ testConnection });
    const { text } = await http.post('/credentials/test').set(authorized).send(config).expect(500);
    assert.doesNotMatch(text, /shown-nowhere/);
  });
});

describe('a configuration that is none', () => {
  const { http } = createFixture({ saveCredentials: () => assert.fail('it was taken') });
  const text = (length: number) => 'x'.repeat(length);
  for (const [title, body] of [
    ['an unknown source', { credentialSource: 'nowhere' }],
    ['an unknown field', { ...config, passwd: 'x' }],
    ['a field of another source', { ...config, secret_arn: 'x' }],
    ['a source without its fields', { credentialSource: 'aws-secrets' }],
    ['a list', []],
    ['a nested object inside extra', { ...config, extra: { deep: { password: 'x' } } }],
    ['a password that is no text', { ...config, password: { value: 'x' } }],
    ['a long name', { 'secret-path': text(2049) }],
    ['a long value', { ...config, extra: { ca_cert: text(20_001) } }],
    [
      'too many fields',
      { ...config, extra: Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`f${i}`, 1])) },
    ],
    ['a field with a long name', { ...config, extra: { [text(65)]: 1 } }],
    ['an unknown authentication type', { ...config, authType: 'kerberos' }],
  ] as const)
    it(`${title}: 400`, async () => {
      const saveCredentials = () => assert.fail('it was taken');
      await createFixture({ saveCredentials })
        .http.post('/credentials')
        .set(authorized)
        .send(body)
        .expect(400);
    });

  for (const [title, body, sentence] of [
    [
      'keys of an API',
      { ...config, api_key: 'shown-nowhere', api_secret: 'shown-nowhere' },
      /"api_key" is not part of a PostgreSQL connection\. Put the keys of an API into a secret.*"api_secret" is/,
    ],
    ['another name', { ...config, user: 'shown-nowhere' }, /^"user" is called username here\.$/],
    ['an unknown field', { ...config, shelf: 'x' }, /^"shelf" is not a field of this source\.$/],
    ['an unknown authentication type', { ...config, authType: 'api' }, /^must be one of basic, iam-user/],
  ] as const)
    it(`${title}: the answer says what to send instead`, async () => {
      const { body: answer } = await http.post('/credentials').set(authorized).send(body).expect(400);
      assert.match(answer.errors[0].message, sentence);
      assert.doesNotMatch(JSON.stringify(answer), /shown-nowhere/);
    });

  it('is not shown to the one who sent it', async () => {
    const body = { ...config, credentialSource: 'shown-nowhere', password: { value: 'shown-nowhere' } };
    const { text: answer } = await http.post('/credentials').set(authorized).send(body).expect(400);
    assert.doesNotMatch(answer, /shown-nowhere/);
  });

  it('names the sources there are', async () => {
    const { body } = await http
      .post('/credentials')
      .set(authorized)
      .send({ credentialSource: 'x' })
      .expect(400);
    assert.match(body.errors[0].message, /direct, agent, aws-secrets, vault-secrets, azure-secrets/);
  });

  it('a huge one is not read', async () => {
    await http
      .post('/credentials')
      .set(authorized)
      .send({ ...config, password: text(110_000) })
      .expect(413);
  });

  it('a key __proto__ changes nothing', async () => {
    const body =
      '{"secret-path":"myapp/credentials/x","__proto__":{"polluted":true},"extra":{"__proto__":"x"}}';
    await http.post('/credentials').set(authorized).set('Content-Type', 'application/json').send(body);
    assert.equal(({} as { polluted?: boolean }).polluted, undefined);
  });
});

describe('the log', () => {
  it('tells who did what with what outcome, and no reference', async () => {
    const { http, lines, requests } = createFixture({ testConnection: failing('refused') });
    await http.post('/credentials').set(authorized).send(config);
    await http.post('/credentials/test').set(authorized).send(config);
    assert.deepEqual(
      lines.map(({ audit, caller, callerId, outcome, msg }) => [audit, caller, callerId, outcome, msg]),
      [
        [true, 'ada@example.com', '42', 'done', 'an administrator saves a connection'],
        [true, 'ada@example.com', '42', 'refused', 'an administrator tests a connection'],
      ],
    );
    assert.doesNotMatch(JSON.stringify([lines, requests]), /warehouse/);
  });
});
