/** How a route's data becomes checks and a handler. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import express from 'express';
import request from 'supertest';
import { z } from 'zod';
import { InvalidTokenError, type Tokens } from '../../src/clients/jwt.ts';
import { errorHandler, notFound } from '../../src/http/error-handler.ts';
import { mountRoutes } from '../../src/http/mount.ts';
import { HttpProblem } from '../../src/http/problem.ts';
import { json, type Route, route } from '../../src/http/route.ts';

/** A token is the role of its bearer. */
const tokens: Tokens = {
  sign: () => ({ token: '', expiresIn: 0 }),
  async verify(token) {
    if (token === 'bad') throw new InvalidTokenError('no');
    return { sub: '1', email: 'a@example.com', role: token };
  },
};

const thing = (more: Partial<Route>): Route =>
  route({
    method: 'post',
    path: '/things/:id',
    summary: 'A thing',
    access: 'all',
    answers: { 200: json('What came', z.unknown()) },
    handle({ params, query, body }, response) {
      response.json({ params, query, body });
    },
    ...more,
  });

const serve = (...routes: Route[]) =>
  request(express().use(mountRoutes(routes, { tokens }), notFound, errorHandler));

describe('access', () => {
  for (const [access, statuses] of [
    ['all', { anonymous: 200, bad: 200, user: 200, admin: 200 }],
    ['token', { anonymous: 401, bad: 401, user: 200, admin: 200 }],
    ['admin', { anonymous: 401, bad: 401, user: 403, admin: 200 }],
  ] as const)
    for (const [caller, status] of Object.entries(statuses))
      it(`${access}: ${caller} gets ${status}`, async () => {
        const call = serve(thing({ access })).post('/things/1');
        if (caller !== 'anonymous') call.set('Authorization', `Bearer ${caller}`);
        await call.expect(status);
      });
});

describe('a request', () => {
  const body = z.strictObject({ name: z.string().trim() });

  it('reaches the handler as the schema parsed it', async () => {
    const answer = await serve(thing({ body })).post('/things/7?a=b').send({ name: ' x ' }).expect(200);
    assert.deepEqual(answer.body, { params: { id: '7' }, query: { a: 'b' }, body: { name: 'x' } });
  });

  it('is checked part by part', async () => {
    const parameters = {
      path: z.object({ id: z.string().regex(/^\d+$/) }),
      query: z.object({ a: z.string().optional() }),
      header: z.object({ 'idempotency-key': z.string() }),
    };
    const http = serve(thing({ parameters, body }));
    const post = (path: string) => http.post(path).set('Idempotency-Key', 'k').send({ name: 'x' });
    await post('/things/7').expect(200);
    await post('/things/x').expect(400);
    await post('/things/7?a=1&a=2').expect(400);
    await post('/things/7').unset('Idempotency-Key').expect(400);
    await post('/things/7').send({ name: 1 }).expect(400);
  });

  it('gets at most 20 faults in the answer', async () => {
    const http = serve(thing({ body: z.array(z.int()) }));
    const answer = await http.post('/things/7').send(Array(1_000).fill('x')).expect(400);
    assert.equal(answer.body.errors.length, 20);
  });

  it('is checked after the caller and the rate', async () => {
    const before = [
      () => {
        throw new HttpProblem(429, 'Too many.');
      },
    ];
    const http = serve(thing({ access: 'token', before, body }));
    await http.post('/things/7').send('{').expect(401);
    await http.post('/things/7').set('Authorization', 'Bearer user').send('{').expect(429);
  });

  it('keeps an unread body where the route takes none', async () => {
    const answer = await serve(thing({})).post('/things/7').send('{').expect(200);
    assert.equal(answer.body.body, undefined);
  });
});

describe('paths', () => {
  it('answer an unsupported method with 405 and the supported ones', async () => {
    const http = serve(thing({}), thing({ method: 'get' }));
    const { body } = await http.delete('/things/7').expect(405).expect('Allow', 'POST, GET, HEAD');
    assert.equal(body.detail, 'DELETE is not supported on /things/7. Allowed: POST, GET, HEAD.');
  });

  it('that are fixed take precedence over a pattern after them, for every method', async () => {
    const http = serve(thing({ method: 'get', path: '/things/new' }), thing({ method: 'delete' }));
    await http.delete('/things/new').expect(405).expect('Allow', 'GET, HEAD');
    await http.delete('/things/7').expect(200);
  });

  for (const path of ['/things/%', '/things/%zz', '/things/%c0%af'])
    it(`${path} is badly encoded: 400`, async () => {
      const { body } = await serve(thing({})).post(path).expect(400);
      assert.doesNotMatch(body.detail, /JSON/);
    });

  for (const path of ['/Things/7', '/things/7/', '//things/7', '/things'])
    it(`${path} is a different path: 404`, async () => {
      await serve(thing({})).post(path).expect(404);
    });
});
