/** The service's OpenAPI document compared with its behaviour, route by route. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { fuzz } from '../fuzz/fuzz.ts';
import { type Api, CALLERS, startApi } from '../support/api.ts';
import type { Answer, Operation, Parameter } from '../support/contract.ts';

let api: Api;
before(async () => {
  api = await startApi();
});
after(() => api?.close());

/** A request without its parameters and its body. */
const bare = (operation: Operation, headers: Record<string, string>) =>
  api.send(operation.path.replace(/\{\w+\}/g, 'x'), { method: operation.method, headers });

/** The answers of every route to every kind of caller. */
async function* answers(headers = {}): AsyncGenerator<[what: string, answer: Answer, operation: Operation]> {
  for (const operation of api.operations)
    for (const caller of CALLERS)
      yield [
        `${operation.name} as ${caller}`,
        await bare(operation, { ...headers, ...api.authorization[caller] }),
        operation,
      ];
}

describe('the OpenAPI document of the service', () => {
  it('is valid and lists the routes of the core', async () => {
    assert.deepEqual(await new Validator().validate(api.document), { valid: true });
    const names = api.operations.map(({ name }) => name);
    for (const name of ['GET /health', 'GET /ready', 'POST /auth/login', 'POST /ai/chat'])
      assert.ok(names.includes(name), name);
  });

  it('has examples that the service accepts, and answers that match the document', async () => {
    let tried = 0;
    for (const { name, method, path, parameters, body, allows, faults } of api.operations)
      for (const example of (body?.examples as unknown[]) ?? []) {
        const headers = {
          'Content-Type': 'application/json',
          ...api.authorization.admin,
          ...exampleHeaders(parameters),
        };
        const answer = await api.send(path, { method, headers, body: JSON.stringify(example) });
        assert.ok(allows(example), name);
        assert.deepEqual(faults(answer), [], `${name}: ${answer.text}`);
        assert.ok([200, 201].includes(answer.status), `${name}: ${answer.text}`);
        tried += 1;
      }
    assert.ok(tried >= 3);
  });

  it('lists every answer to every kind of caller', async () => {
    for await (const [what, answer, { faults }] of answers())
      assert.deepEqual(faults(answer), [], `${what}: ${answer.text}`);
  });

  it('states who has access', async () => {
    for (const operation of api.operations) {
      const statuses = await Promise.all(
        CALLERS.map(async (caller) => (await bare(operation, api.authorization[caller])).status),
      );
      const refused = statuses.map((status) => (status === 401 || status === 403 ? status : 'allowed'));
      const expected = {
        all: ['allowed', 'allowed', 'allowed'],
        token: [401, 'allowed', 'allowed'],
        admin: [401, 403, 'allowed'],
      };
      assert.deepEqual(refused, expected[operation.access], operation.name);
    }
  });
});

describe('headers of every answer', () => {
  /** Pages and their files are not in the document. */
  const undocumented = ['/', '/console/main.js', '/openapi.json', '/docs', '/docs/page.js', '/nowhere'];

  it('forbid type guessing, framing, embedding and foreign scripts', async () => {
    for await (const [what, { headers }] of answers()) assertHardened(what, headers);
    for (const path of undocumented) assertHardened(path, (await api.send(path)).headers);
  });

  it('forbid caching', async () => {
    for await (const [what, { headers }] of answers())
      assert.equal(headers.get('Cache-Control'), 'no-store', what);
  });

  it('contain no ETag, and ignore If-None-Match', async () => {
    for await (const [what, answer, { faults }] of answers({ 'If-None-Match': '*' })) {
      assert.equal(answer.headers.get('ETag'), null, what);
      assert.deepEqual(faults(answer), [], what);
    }
  });

  it('allow no cross-origin access, with or without a preflight', async () => {
    const Origin = 'https://elsewhere.example';
    const opening = (headers: Headers) =>
      [...headers.keys()].filter((name) => name.startsWith('access-control-'));
    for await (const [what, { headers }] of answers({ Origin })) assert.deepEqual(opening(headers), [], what);
    for (const { path, method } of api.operations) {
      const asked = { Origin, 'Access-Control-Request-Method': method };
      const answer = await api.send(path, { method: 'OPTIONS', headers: asked });
      assert.equal(answer.status, 405, path);
      assert.deepEqual(opening(answer.headers), [], path);
    }
  });
});

const exampleHeaders = (parameters: Parameter[]): Record<string, string> =>
  Object.fromEntries(
    parameters.flatMap(({ in: place, name, schema }) =>
      place === 'header' && Array.isArray(schema.examples) ? [[name, schema.examples[0]]] : [],
    ),
  );

function assertHardened(what: string, headers: Headers) {
  assert.equal(headers.get('X-Content-Type-Options'), 'nosniff', what);
  assert.equal(headers.get('X-Frame-Options'), 'DENY', what);
  assert.equal(headers.get('X-Powered-By'), null, what);
  assert.equal(headers.get('Cross-Origin-Resource-Policy'), 'same-origin', what);
  const policy = headers.get('Content-Security-Policy') ?? '';
  assert.match(policy, /default-src 'self'/, what);
  assert.doesNotMatch(policy, /unsafe|\*|https?:/, what);
}

describe('requests generated from the document', () => {
  it('get answers that match it: the short form of `npm run fuzz`', async () => {
    const { answers } = await fuzz(api, { seed: 1, batches: 60 });
    assert.ok(answers.size > api.operations.length, [...answers].join('\n'));
  });
});
