/** The document that is made of routes; that the service keeps to it is tested in test/end-to-end/. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { z } from 'zod';
import { openApiDocument } from '../../src/http/openapi.ts';
import { json, type Route, route } from '../../src/http/route.ts';

const things: Route[] = [
  route({
    method: 'get',
    path: '/things',
    summary: 'All things',
    access: 'all',
    answers: { 200: json('They', z.array(z.string())) },
    handle() {},
  }),
  route({
    method: 'put',
    path: '/things/:id/parts/:part',
    summary: 'Change a part',
    access: 'admin',
    parameters: { path: z.object({ id: z.uuid() }), header: z.object({ 'if-match': z.string().optional() }) },
    body: z.strictObject({ size: z.int().default(1) }).meta({ examples: [{ size: 2 }] }),
    answers: { 200: json('The part', z.strictObject({ size: z.int().default(1) })) },
    handle() {},
  }),
];
const { paths, ...document } = openApiDocument(things, { title: 'Things', version: '1.0.0' });
const put = paths['/things/{id}/parts/{part}']?.put;

describe('the OpenAPI document', () => {
  it('is valid', async () => {
    assert.deepEqual(await new Validator().validate({ ...document, paths }), { valid: true });
  });

  it('names every parameter', () => {
    const named = put?.parameters.map(({ name, in: place, required }) => [place, name, required]);
    assert.deepEqual(named, [
      ['path', 'id', true],
      ['path', 'part', true],
      ['header', 'if-match', false],
    ]);
  });

  it('has what comes in and what goes out, each from its side of the schema', () => {
    const body = put?.requestBody?.content['application/json'].schema;
    assert.deepEqual(body?.examples, [{ size: 2 }]);
    assert.equal(body?.required, undefined);
    const answer = put?.responses['200']?.content['application/json']?.schema;
    assert.deepEqual(answer && 'required' in answer && answer.required, ['size']);
  });

  it('tells who is let in, and every answer that follows from it', () => {
    assert.deepEqual(put?.security, [{ bearer: ['admin'] }]);
    assert.deepEqual(Object.keys(put?.responses ?? {}), ['200', '400', '401', '403', '413', '415', '503']);
    assert.equal(paths['/things']?.get?.security, undefined);
    assert.deepEqual(Object.keys(paths['/things']?.get?.responses ?? {}), ['200']);
  });
});
