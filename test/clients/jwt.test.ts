import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import jwt from 'jsonwebtoken';
import { createTokens, InvalidTokenError } from '../../src/clients/jwt.ts';
import { jwtSchema } from '../../src/secrets/schemas.ts';
import { createSecretStore } from '../../src/secrets/store.ts';
import { createFakeClock } from '../support/clock.ts';
import { silentLogger } from '../support/logger.ts';
import { createMemoryProvider } from '../support/memory-provider.ts';

const claims = { sub: '42', email: 'ada@example.com', role: 'admin' };
const PROPAGATION = 300_000;
/** Milliseconds until a check after the propagation has confirmed that nothing newer exists. */
const SETTLED = 2 * PROPAGATION;
const newKey = () => randomBytes(32).toString('base64');

/** A replica has its own store and tokens, on a backend that replicas may share. */
async function createReplica({
  backend = createMemoryProvider(),
  clock = createFakeClock(),
  settings = {},
} = {}) {
  const put = (fields: object) => backend.put('myapp/jwt', { ...settings, ...fields });
  if (backend.calls.read === 0) put({ secret_key: newKey() });
  const store = createSecretStore({
    provider: backend.provider,
    clock,
    logger: silentLogger,
    ttl: PROPAGATION,
    random: () => 0.5,
  });
  const secret = store.require({
    id: 'jwt',
    name: 'myapp/jwt',
    schema: jwtSchema,
    fields: [],
    history: true,
  });
  await store.load({ timeout: 1_000 });
  return { tokens: createTokens({ secret, clock, propagation: PROPAGATION }), secret, clock, backend, put };
}

const kidOf = (token: string) => jwt.decode(token, { complete: true })?.header.kid;
const refuses = (promise: Promise<unknown>) => assert.rejects(promise, InvalidTokenError);

describe('signing and verifying', () => {
  it('a token is valid until it expires', async () => {
    const { tokens, clock } = await createReplica();
    const { token, expiresIn } = tokens.sign(claims);
    assert.equal(expiresIn, 24 * 3600);
    assert.deepEqual(await tokens.verify(token), claims);
    await clock.advance((24 * 3600 + 29) * 1000);
    assert.deepEqual(await tokens.verify(token), claims, 'within the tolerance');
    await clock.advance(2_000);
    await refuses(tokens.verify(token));
  });

  it('a token has the kid of its key', async () => {
    const { tokens } = await createReplica();
    assert.match(kidOf(tokens.sign(claims).token) ?? '', /^[\w-]{16}$/);
  });

  it('issuer and audience are set and required', async () => {
    const backend = createMemoryProvider();
    const { tokens, secret } = await createReplica({ backend, settings: { issuer: 'me', audience: 'you' } });
    const { token } = tokens.sign(claims);
    assert.deepEqual(await tokens.verify(token), claims);
    const key = secret.current().value.secret_key;
    const options = { keyid: kidOf(token) ?? '', subject: '42', expiresIn: 60 };
    await refuses(tokens.verify(jwt.sign(claimsOnly, key, { ...options, issuer: 'me', audience: 'other' })));
    await refuses(tokens.verify(jwt.sign(claimsOnly, key, { ...options, issuer: 'other', audience: 'you' })));
  });
});

const claimsOnly = { email: claims.email, role: claims.role };

describe('invalid tokens', () => {
  it('another algorithm, none, another key, no kid, no subject, a changed payload', async () => {
    const { tokens, secret } = await createReplica();
    const key = secret.current().value.secret_key;
    const { token } = tokens.sign(claims);
    const keyid = kidOf(token) ?? '';
    const [header, , signature] = token.split('.');
    const payload = Buffer.from(JSON.stringify({ ...claims, role: 'root' })).toString('base64url');
    const unsigned = `${Buffer.from(JSON.stringify({ alg: 'none', kid: keyid })).toString('base64url')}.${payload}.`;
    for (const forged of [
      jwt.sign(claimsOnly, key, { keyid, subject: '42', algorithm: 'HS512' }),
      unsigned,
      jwt.sign(claimsOnly, newKey(), { keyid, subject: '42' }),
      jwt.sign(claimsOnly, key, { subject: '42' }),
      jwt.sign(claimsOnly, key, { keyid }),
      `${header}.${payload}.${signature}`,
      '',
      'a.b.c',
      `${token}x`,
    ])
      await refuses(tokens.verify(forged));
  });

  it('a known kid with a bad signature does not call the backend', async () => {
    const { tokens, backend } = await createReplica();
    const keyid = kidOf(tokens.sign(claims).token) ?? '';
    const before = backend.calls.read;
    await refuses(tokens.verify(jwt.sign(claimsOnly, newKey(), { keyid, subject: '42' })));
    assert.equal(backend.calls.read, before);
  });

  it('ten thousand unknown kids check the backend once in 30 seconds, and read no value', async () => {
    const { tokens, backend, clock } = await createReplica();
    const before = { ...backend.calls };
    const garbage = (index: number) =>
      jwt.sign(claimsOnly, 'k', { keyid: `garbage-${index}`, subject: '42' });
    await Promise.all(Array.from({ length: 10_000 }, (_, index) => refuses(tokens.verify(garbage(index)))));
    assert.equal(backend.calls.version, before.version + 1);
    await clock.advance(30_000);
    await refuses(tokens.verify(garbage(1)));
    assert.equal(backend.calls.version, before.version + 2);
    assert.equal(backend.calls.read, before.read);
  });
});

describe('a key that rotates', () => {
  it('earlier tokens stay valid, and the new key signs once every replica can know it', async () => {
    const { tokens, secret, clock, put } = await createReplica();
    const before = tokens.sign(claims).token;
    await clock.advance(10_000);
    put({ secret_key: newKey() });
    await secret.refreshIfStale('v1');
    assert.deepEqual(await tokens.verify(before), claims);
    assert.equal(kidOf(tokens.sign(claims).token), kidOf(before), 'too early for the new key');
    await clock.advance(SETTLED);
    const after = tokens.sign(claims).token;
    assert.notEqual(kidOf(after), kidOf(before));
    assert.deepEqual(await tokens.verify(after), claims);
    assert.deepEqual(await tokens.verify(before), claims);
  });

  it('another replica accepts a token of a key that it has not seen yet', async () => {
    const backend = createMemoryProvider();
    const old = await createReplica({ backend });
    old.put({ secret_key: newKey() });
    const fresh = await createReplica({ backend });
    await fresh.clock.advance(PROPAGATION);
    const { token } = fresh.tokens.sign(claims);
    assert.deepEqual(await old.tokens.verify(token), claims);
  });

  it('does not sign while the backend is away: another replica may not have seen it', async () => {
    const backend = createMemoryProvider();
    const [one, two] = [await createReplica({ backend }), await createReplica({ backend })];
    const before = one.tokens.sign(claims).token;
    one.put({ secret_key: newKey() });
    await one.secret.refresh();
    backend.fail('unavailable');
    for (let minute = 0; minute < 60; minute += 1) {
      await Promise.all([one, two].map(({ clock }) => clock.advance(60_000)));
      const { token } = one.tokens.sign(claims);
      assert.equal(kidOf(token), kidOf(before), `after ${minute} minutes`);
      assert.deepEqual(await two.tokens.verify(token), claims);
    }
    backend.recover();
    await one.clock.advance(PROPAGATION);
    assert.equal(kidOf(one.tokens.sign(claims).token), kidOf(before), 'the other may come back later');
    await one.clock.advance(SETTLED);
    const after = one.tokens.sign(claims).token;
    assert.notEqual(kidOf(after), kidOf(before));
    // The breaker of the other replica is still open. The check goes past it, once for all callers.
    const tokens = await Promise.all(Array.from({ length: 10 }, () => two.tokens.verify(after)));
    assert.deepEqual(tokens, Array(10).fill(claims));
    assert.deepEqual(await one.tokens.verify(before), claims);
  });

  it('another replica accepts tokens of a second new key soon after the first', async () => {
    const backend = createMemoryProvider();
    const old = await createReplica({ backend });
    for (let rotation = 0; rotation < 3; rotation += 1) {
      old.put({ secret_key: newKey() });
      const fresh = await createReplica({ backend });
      await fresh.clock.advance(SETTLED);
      assert.deepEqual(await old.tokens.verify(fresh.tokens.sign(claims).token), claims);
    }
  });

  it('a replica that starts after the rotation accepts earlier tokens', async () => {
    const backend = createMemoryProvider();
    const old = await createReplica({ backend });
    const { token } = old.tokens.sign(claims);
    old.put({ secret_key: newKey() });
    const fresh = await createReplica({ backend });
    assert.deepEqual(await fresh.tokens.verify(token), claims);
  });

  it('previous_secret_key does the same where the backend keeps no history', async () => {
    const backend = createMemoryProvider();
    const old = await createReplica({ backend });
    const { token } = old.tokens.sign(claims);
    const other = createMemoryProvider();
    other.put('myapp/jwt', {
      secret_key: newKey(),
      previous_secret_key: old.secret.current().value.secret_key,
    });
    other.calls.read = 1;
    const fresh = await createReplica({ backend: other });
    assert.deepEqual(await fresh.tokens.verify(token), claims);
  });

  it('five rotations in a row: no replica ever signs with a key that another has not seen', async () => {
    const backend = createMemoryProvider();
    const [one, two] = [await createReplica({ backend }), await createReplica({ backend })];
    const tokens = [one.tokens.sign(claims).token];
    for (let rotation = 0; rotation < 5; rotation += 1) {
      one.put({ secret_key: newKey() });
      await one.clock.advance(5_000);
      await one.secret.refresh();
      tokens.push(one.tokens.sign(claims).token);
    }
    // The other replica refreshes once, and has seen none of the keys in between.
    await two.secret.refresh();
    await one.clock.advance(SETTLED);
    tokens.push(one.tokens.sign(claims).token);
    for (const token of tokens) assert.deepEqual(await two.tokens.verify(token), claims);
    assert.equal(new Set(tokens.map(kidOf)).size, 2, 'the first key and the last');
  });

  it('clocks that are 90 seconds apart change nothing', async () => {
    const backend = createMemoryProvider();
    for (const apart of [-90_000, 90_000]) {
      const clock = createFakeClock({ wall: Date.now() + apart });
      const replica = await createReplica({ backend, clock });
      const before = replica.tokens.sign(claims).token;
      replica.put({ secret_key: newKey() });
      await replica.secret.refresh();
      await clock.advance(PROPAGATION - 1_000);
      assert.equal(kidOf(replica.tokens.sign(claims).token), kidOf(before));
      await clock.advance(SETTLED - PROPAGATION + 1_000);
      assert.notEqual(kidOf(replica.tokens.sign(claims).token), kidOf(before));
    }
  });

  it('revoke_previous: tokens of the earlier key fail, and the new key signs at once', async () => {
    const { tokens, secret, put } = await createReplica();
    const stolen = tokens.sign(claims).token;
    put({ secret_key: newKey(), revoke_previous: 'true' });
    await secret.refresh();
    await refuses(tokens.verify(stolen));
    const { token } = tokens.sign(claims);
    assert.notEqual(kidOf(token), kidOf(stolen));
    assert.deepEqual(await tokens.verify(token), claims);
  });
});
