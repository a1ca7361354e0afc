/** Forged and altered tokens: each is refused, and none causes a call to the backend. */
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import jwt from 'jsonwebtoken';
import { createTokens } from '../../src/clients/jwt.ts';
import { jwtSchema } from '../../src/secrets/schemas.ts';
import { createSecretStore } from '../../src/secrets/store.ts';
import { createFakeClock } from '../support/clock.ts';
import { silentLogger } from '../support/logger.ts';
import { createMemoryProvider } from '../support/memory-provider.ts';
import { serveTestApp } from '../support/serve.ts';
import { exchange, statusesOf } from '../support/wire.ts';

const claims = { sub: '42', email: 'ada@example.com', role: 'admin' };
const key = randomBytes(64).toString('base64');
const rsa = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const clock = createFakeClock();
const now = Math.floor(clock.wall() / 1000);
const backend = createMemoryProvider();

let server: Awaited<ReturnType<typeof serveTestApp>>;
let good: string;
/** Of the good token. */
let kid: string;
before(async () => {
  backend.put('jwt', { secret_key: key, issuer: 'myapp', audience: 'callers' });
  const store = createSecretStore({ provider: backend.provider, clock, logger: silentLogger, ttl: 300_000 });
  const secret = store.require({ id: 'jwt', name: 'jwt', schema: jwtSchema, fields: [], history: true });
  await store.load({ timeout: 1_000 });
  const tokens = createTokens({ secret, clock, propagation: 0 });
  server = await serveTestApp({ tokens });
  good = tokens.sign(claims).token;
  kid = jwt.decode(good, { complete: true })?.header.kid ?? '';
});
after(() => server.close());

const ask = async (...authorization: string[]) => {
  const headers = authorization.map((value) => `Authorization: ${value}`);
  const request = ['GET /auth/me HTTP/1.1', 'Host: a', 'Connection: close', ...headers, '', ''].join('\r\n');
  return exchange(server.port, request);
};
const assertRefused = async (token: string) => {
  const received = await ask(`Bearer ${token}`);
  assert.deepEqual(statusesOf(received), [401], received);
  assert.match(received, /WWW-Authenticate: Bearer realm="api"/);
  // The reason is not shown to the caller.
  assert.match(received, /"detail":"(The token is not valid|This needs a bearer token)\."/);
};

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const payload = { ...claims, iat: now, exp: now + 3600, iss: 'myapp', aud: 'callers' };

/** A token signed with `secret`. Default: a guessed secret. */
function forge({
  header = {},
  body = {},
  secret = key as string | Buffer,
}: {
  header?: object;
  body?: object;
  secret?: string | Buffer;
} = {}) {
  const signed = `${part({ alg: 'HS256', typ: 'JWT', kid, ...header })}.${part({ ...payload, ...body })}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

describe('the forger of these tests', () => {
  it('makes tokens that are good when nothing is wrong with them', async () => {
    for (const token of [good, forge(), forge({ header: { x: 1 } })])
      assert.deepEqual(statusesOf(await ask(`Bearer ${token}`)), [200]);
  });
});

describe('an algorithm', () => {
  for (const alg of ['none', 'None', 'NONE', 'nOnE', '', null, 0, [], ['HS256'], 'hs256', 'HS256\0'])
    it(`${JSON.stringify(alg)} is refused, with a signature and without`, async () => {
      await assertRefused(forge({ header: { alg } }));
      await assertRefused(forge({ header: { alg } }).replace(/[^.]*$/, ''));
    });

  it('other than the one in use is refused, even with the right key', async () => {
    for (const algorithm of ['HS384', 'HS512'] as const)
      await assertRefused(jwt.sign(payload, key, { algorithm, keyid: kid }));
  });

  it('with a key pair is refused, and so is its public half as a secret', async () => {
    for (const algorithm of ['RS256', 'PS256'] as const)
      await assertRefused(jwt.sign(payload, rsa.privateKey, { algorithm, keyid: kid }));
    await assertRefused(forge({ secret: rsa.publicKey }));
    await assertRefused(forge({ header: { alg: 'RS256' } }));
  });
});

describe('a signature', () => {
  it('of another key is refused', async () => {
    for (const secret of ['', 'secret', randomBytes(64), kid, key.slice(1)])
      await assertRefused(forge({ secret }));
  });

  it('of something else is refused', async () => {
    const [header = '', body = '', signature = ''] = good.split('.');
    const admin = part({ ...payload, role: 'owner' });
    for (const token of [
      `${header}.${admin}.${signature}`,
      `${part({ alg: 'HS256', typ: 'JWT', kid, x: 1 })}.${body}.${signature}`,
      `${header}.${body}.${signature.slice(1)}`,
      `${header}.${body}.${signature.slice(0, -2)}`,
      `${header}.${body}.`,
      `${header}.${body}`,
      `${header}..${signature}`,
      `.${body}.${signature}`,
      `${header}.${body}.${signature}.${signature}`,
      `${header}.${body}.${signature}.a.b`,
      `..`,
      `a.b.c`,
      header,
    ])
      await assertRefused(token);
  });

  it('is good for every bit of the token and no other', async () => {
    for (let at = 0; at < good.length; at += 7) {
      const other = good[at] === 'A' ? 'B' : 'A';
      const changed = good.slice(0, at) + other + good.slice(at + 1);
      // The last letter has bits that say nothing.
      if (at < good.length - 1) await assertRefused(changed);
    }
  });
});

describe('claims', () => {
  for (const [title, body] of Object.entries({
    'expired a minute ago': { exp: now - 60 },
    'that never expire': { exp: undefined },
    'an end that is none': { exp: 'tomorrow' },
    'not yet valid': { nbf: now + 60 },
    'another issuer': { iss: 'elsewhere' },
    'no issuer': { iss: undefined },
    'another audience': { aud: 'others' },
    'no audience': { aud: undefined },
    'no subject': { sub: undefined },
    'a subject that is a number': { sub: 42 },
    'a subject that is a list': { sub: ['42'] },
    'no role': { role: undefined },
    'a list of roles': { role: ['admin'] },
    'a role that is an object': { role: { toString: 'admin' } },
    'no address': { email: undefined },
  }))
    it(`${title}: refused`, () => assertRefused(forge({ body })));

  it('that are no object are refused', async () => {
    for (const body of ['null', '[]', '"admin"', '1', 'no JSON']) {
      const signed = `${part({ alg: 'HS256', kid })}.${Buffer.from(body).toString('base64url')}`;
      await assertRefused(`${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`);
    }
  });
});

describe('a key id', () => {
  for (const other of [
    '',
    '../../../../dev/null',
    '/dev/null',
    'file:///etc/passwd',
    "' UNION SELECT 'secret' --",
    '; DROP TABLE users',
    '|/bin/ls',
    '__proto__',
    'constructor',
    'toString',
    '\0',
    'ä'.repeat(500),
    null,
    0,
    true,
    [],
    {},
  ])
    it(`${JSON.stringify(other).slice(0, 40)} names no key, and no empty one either`, async () => {
      await assertRefused(forge({ header: { kid: other } }));
      await assertRefused(forge({ header: { kid: other }, secret: '' }));
    });

  it('that is missing is refused', () => assertRefused(forge({ header: { kid: undefined } })));

  it('nobody knows makes the backend look once, however many ask', async () => {
    await clock.advance(60_000);
    const before = backend.calls.read + backend.calls.version;
    for (let index = 0; index < 50; index += 1)
      await assertRefused(forge({ header: { kid: `unknown-${index}` } }));
    assert.ok(backend.calls.read + backend.calls.version <= before + 2);
  });

  it('is the only thing in a header that says where a key is', async () => {
    let fetched = 0;
    const elsewhere = createServer((_request, response) => {
      fetched += 1;
      response.end('{}');
    });
    await new Promise<void>((resolve) => {
      elsewhere.listen(0, '127.0.0.1', resolve);
    });
    const url = () => `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`;
    const jwk = { kty: 'oct', k: Buffer.from('mine').toString('base64url'), kid };
    for (const header of [{ jwk }, { jku: url() }, { x5u: url() }, { x5c: [rsa.publicKey] }])
      await assertRefused(forge({ header, secret: 'mine' }));
    assert.equal(fetched, 0);
    elsewhere.close();
  });
});

describe('a token in another place or form', () => {
  it('that is huge is refused', async () => {
    await assertRefused(forge({ body: { x: 'x'.repeat(8_000) }, secret: 'mine' }));
    await assertRefused('a'.repeat(15_000));
    await assertRefused(`${'a.'.repeat(7_000)}a`);
    assert.deepEqual(statusesOf(await ask(`Bearer ${'a'.repeat(17_000)}`)), [431]);
  });

  it('twice is refused, in one header or two', async () => {
    await assertRefused(`${good} ${good}`);
    await assertRefused(`${good}, Bearer ${good}`);
    assert.deepEqual(statusesOf(await ask(`Bearer ${good}`, `Bearer ${good}`)), [400]);
  });

  it('under another scheme is refused', async () => {
    for (const value of [good, `Token ${good}`, `Basic ${good}`, `Bearer:${good}`, 'Bearer', 'Bearer  ', ''])
      assert.deepEqual(statusesOf(await ask(value)), [401], value);
  });

  it('in the query, in a cookie or in another header is not looked at', async () => {
    const request = [
      `GET /auth/me?access_token=${good}&token=${good} HTTP/1.1`,
      'Host: a',
      'Connection: close',
      `Cookie: token=${good}; access_token=${good}`,
      `X-Access-Token: ${good}`,
      `Proxy-Authorization: Bearer ${good}`,
    ];
    assert.deepEqual(statusesOf(await exchange(server.port, [...request, '', ''].join('\r\n'))), [401]);
  });

  it('appears in no line of the log', () => {
    const text = JSON.stringify(server.lines);
    for (const piece of good.split('.')) assert.ok(!text.includes(piece));
  });
});
