import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startOpenAI } from '../../sandbox/openai.ts';
import { createChat } from '../../src/clients/openai.ts';
import { openaiSchema } from '../../src/secrets/schemas.ts';
import { createSecretStore } from '../../src/secrets/store.ts';
import { createFakeClock } from '../support/clock.ts';
import { silentLogger } from '../support/logger.ts';
import { createMemoryProvider } from '../support/memory-provider.ts';

let openai: Awaited<ReturnType<typeof startOpenAI>>;
before(async () => {
  openai = await startOpenAI();
});
after(() => openai.close());
beforeEach(() => openai.faults.clear());

const { signal } = new AbortController();

async function createFixture() {
  const backend = createMemoryProvider();
  const put = (api_key: string) =>
    backend.put('myapp/openai', { api_key, model: 'echo', base_url: openai.baseUrl });
  const key = openai.createKey();
  put(key);
  const clock = createFakeClock();
  const store = createSecretStore({
    provider: backend.provider,
    clock,
    logger: silentLogger,
    ttl: 300_000,
  });
  const secret = store.require({ id: 'openai', name: 'myapp/openai', schema: openaiSchema, fields: [] });
  await store.load({ timeout: 1_000 });
  return { chat: createChat({ secret, clock }), backend, put, key, clock };
}

const until = async (isTrue: () => boolean) => {
  while (!isTrue()) await delay(5);
};

const collect = async (pieces: AsyncIterable<string>) => {
  let text = '';
  for await (const piece of pieces) text += piece;
  return text;
};

describe('chat', () => {
  it('completes and streams', async () => {
    const { chat } = await createFixture();
    assert.equal(await chat.complete('hello there', signal), 'You said: hello there');
    assert.equal(await collect(await chat.stream('hello there', signal)), 'You said: hello there');
  });

  it('a refused key is replaced once, for whole and streamed replies', async () => {
    for (const call of ['complete', 'stream'] as const) {
      const { chat, backend, put, key } = await createFixture();
      await chat.complete('before', signal);
      openai.revokeKey(key);
      put(openai.createKey());
      const reply =
        call === 'complete'
          ? await chat.complete('after', signal)
          : await collect(await chat.stream('after', signal));
      assert.equal(reply, 'You said: after');
      assert.equal(backend.calls.read, 2);
    }
  });

  it('a stream that began goes on when its key is revoked', async () => {
    const { chat, put, key } = await createFixture();
    const pieces: string[] = [];
    for await (const piece of await chat.stream('hello there', signal)) {
      if (pieces.length === 0) {
        openai.revokeKey(key);
        put(openai.createKey());
      }
      pieces.push(piece);
    }
    assert.equal(pieces.join(''), 'You said: hello there');
  });

  it('a key that stays refused is an error after two looks, a cooldown apart', async () => {
    const { chat, backend, key, clock } = await createFixture();
    openai.revokeKey(key);
    const refused = assert.rejects(chat.complete('x', signal), { failure: 'refused' });
    await until(() => backend.calls.read === 2);
    await clock.advance(8_000);
    await refused;
    assert.equal(backend.calls.read, 3);
  });

  it('a key that was revoked before the next one was written costs no request', async () => {
    const { chat, backend, put, key, clock } = await createFixture();
    openai.revokeKey(key);
    const replies = Promise.all([1, 2, 3].map(() => chat.complete('hello', signal)));
    await until(() => backend.calls.read === 2);
    await clock.advance(1_000);
    put(openai.createKey());
    await clock.advance(5_000);
    assert.deepEqual(new Set(await replies), new Set(['You said: hello']));
    assert.equal(backend.calls.read, 3);
  });

  it('a refused key waits while the backend does not say whether there is another', async () => {
    const { chat, backend, put, key, clock } = await createFixture();
    openai.revokeKey(key);
    put(openai.createKey());
    backend.fail('unavailable');
    const reply = chat.complete('hello', signal);
    await until(() => backend.calls.read === 2);
    backend.recover();
    await clock.advance(5_000);
    assert.equal(await reply, 'You said: hello');
  });

  it('and is an error when the backend does not say for 20 seconds', async () => {
    const { chat, backend, key, clock } = await createFixture();
    openai.revokeKey(key);
    backend.fail('unavailable');
    const refused = assert.rejects(chat.complete('hello', signal), { failure: 'refused' });
    await until(() => backend.calls.read === 2);
    await clock.advance(20_000);
    await refused;
    assert.equal(backend.calls.read, 6, 'one a cooldown');
  });

  for (const [kind, status] of [
    ['denied', 403],
    ['throttled', 429],
  ] as const)
    it(`${status} does not read the key again`, async () => {
      const { chat, backend } = await createFixture();
      openai.faults.inject({ kind });
      await assert.rejects(chat.complete('x', signal), ({ cause }) => cause.status === status);
      assert.equal(backend.calls.read, 1);
    });

  it('ends with its signal', async () => {
    const { chat } = await createFixture();
    openai.faults.inject({ kind: 'hang' });
    await assert.rejects(chat.complete('x', AbortSignal.timeout(100)), /abort/i);
  });
});
