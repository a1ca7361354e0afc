/** Guessing passwords, and asking who has an account here. */
import assert from 'node:assert/strict';
import { createHook } from 'node:async_hooks';
import { afterEach, describe, it } from 'node:test';
import { ada, PASSWORD, rows, type TestAppOptions } from '../support/app.ts';
import { serveTestApp } from '../support/serve.ts';

const LIMIT = 3;
/** What counts as an attempt and costs no hash: a login without a password. */
const CHEAP = undefined;

let server: Awaited<ReturnType<typeof serveTestApp>> | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function start(options: TestAppOptions = {}) {
  server = await serveTestApp({ loginRateLimit: LIMIT, ...options });
  const { url } = server;
  return async (password: string | undefined, headers: Record<string, string> = {}) =>
    fetch(`${url}/auth/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify({ email: ada.email, password }),
    });
}

describe('who guesses passwords', () => {
  it('is stopped, and then the right one helps no more', async () => {
    const logIn = await start();
    for (let guess = 0; guess < LIMIT; guess += 1) assert.equal((await logIn('guess')).status, 401);
    const refused = await logIn(PASSWORD);
    assert.equal(refused.status, 429);
    assert.ok(Number(refused.headers.get('Retry-After')) > 0);
  });

  it('is stopped all the same when many guesses come at once', async () => {
    const logIn = await start();
    const answers = await Promise.all(Array.from({ length: 20 }, () => logIn('guess')));
    assert.equal(answers.filter(({ status }) => status === 401).length, LIMIT);
  });

  for (const header of [
    'X-Forwarded-For',
    'Forwarded',
    'X-Real-IP',
    'True-Client-IP',
    'CF-Connecting-IP',
    'X-Client-IP',
  ])
    it(`is not believed another address: ${header}`, async () => {
      const logIn = await start();
      const statuses: number[] = [];
      for (let guess = 0; guess <= LIMIT; guess += 1)
        statuses.push((await logIn(CHEAP, { [header]: `192.0.2.${guess}` })).status);
      assert.equal(statuses.at(-1), 429);
    });

  it('behind a proxy has the address that the proxy saw, and what stands before it counts for nothing', async () => {
    const logIn = await start({ trustedProxies: 1 });
    const as = (address: string, spoofed: number) =>
      logIn(CHEAP, { 'X-Forwarded-For': `198.51.100.${spoofed}, ${address}` });
    for (let guess = 0; guess < LIMIT; guess += 1) assert.equal((await as('192.0.2.1', guess)).status, 400);
    assert.equal((await as('192.0.2.1', 77)).status, 429);
    assert.equal((await as('192.0.2.2', 77)).status, 400);
  });

  it('behind two proxies likewise', async () => {
    const logIn = await start({ trustedProxies: 2 });
    const as = (address: string, spoofed: number) =>
      logIn(CHEAP, { 'X-Forwarded-For': `198.51.100.${spoofed}, ${address}, 203.0.113.9` });
    for (let guess = 0; guess < LIMIT; guess += 1) assert.equal((await as('192.0.2.1', guess)).status, 400);
    assert.equal((await as('192.0.2.1', 77)).status, 429);
    assert.equal((await as('192.0.2.2', 77)).status, 400);
  });

  it('has one network of IPv6, however many addresses it has', async () => {
    const logIn = await start({ trustedProxies: 1 });
    const as = (suffix: number) =>
      logIn(CHEAP, { 'X-Forwarded-For': `2001:db8:1:2::${suffix.toString(16)}` });
    for (let guess = 1; guess <= LIMIT; guess += 1) assert.equal((await as(guess)).status, 400);
    assert.equal((await as(0xffff)).status, 429);
  });

  it('cannot get past it with an address that is none', async () => {
    const logIn = await start({ trustedProxies: 1 });
    for (const address of ['', ',', 'unknown', '127.0.0.1:80', '[::1]', 'a'.repeat(5_000), '1.2.3', '"'])
      assert.ok([400, 429].includes((await logIn(CHEAP, { 'X-Forwarded-For': address })).status), address);
  });

  it('does not limit the rest of the service', async () => {
    const logIn = await start();
    for (let guess = 0; guess <= LIMIT; guess += 1) await logIn(CHEAP);
    assert.equal((await fetch(`${server?.url}/health`)).status, 200);
  });
});

describe('a caller that probes for accounts', () => {
  /** Calls of scrypt while something happens. */
  async function hashesDuring(work: () => Promise<unknown>): Promise<number> {
    let hashes = 0;
    const hook = createHook({
      init(_id, type) {
        if (type === 'SCRYPTREQUEST') hashes += 1;
      },
    }).enable();
    await work();
    hook.disable();
    return hashes;
  }

  const accounts = { known: undefined, unknown: rows([]) };

  it('costs the service a hash either way', async () => {
    for (const read of Object.values(accounts)) {
      const logIn = await start(read && { read });
      // Once before: the first one also makes what unknown addresses are compared with.
      await logIn('guess');
      assert.equal(await hashesDuring(() => logIn('guess')), 1);
      await server?.close();
    }
  });

  it('gets the same answer', async () => {
    const answers = [];
    for (const read of Object.values(accounts)) {
      const logIn = await start(read && { read });
      const response = await logIn('guess', { 'X-Request-Id': 'same' });
      const { date, ratelimit, ...headers } = Object.fromEntries(response.headers);
      answers.push({ status: response.status, headers, body: await response.json() });
      await server?.close();
    }
    assert.deepEqual(answers[0], answers[1]);
  });

  it('and in the same time, as far as this machine can tell', async (context) => {
    const times: Record<string, number[]> = { known: [], unknown: [] };
    for (const [name, read] of Object.entries(accounts)) {
      const logIn = await start({ loginRateLimit: 1_000, ...(read && { read }) });
      for (let guess = 0; guess < 6; guess += 1) {
        const started = performance.now();
        await logIn('guess');
        times[name]?.push(performance.now() - started);
      }
      await server?.close();
    }
    // Told and not judged: a machine that does something else at the same time would decide.
    const median = (all: number[] = []) => all.toSorted((a, b) => a - b)[all.length >> 1] ?? 0;
    const [known, unknown] = [median(times.known), median(times.unknown)];
    context.diagnostic(
      `known ${known.toFixed(1)} ms, unknown ${unknown.toFixed(1)} ms, ratio ${(unknown / known).toFixed(2)}`,
    );
  });
});
