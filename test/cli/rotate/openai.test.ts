import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { startOpenAI } from '../../../sandbox/openai.ts';
import { rotateOpenAI } from '../../../src/cli/rotate/openai.ts';
import { type RotationOptions, stopped } from '../../../src/cli/rotate/rotation.ts';
import { RotationError } from '../../../src/cli/rotation-error.ts';
import { createBackend, createRunningClock, names, startDatabase, type TestDatabase } from './fixture.ts';

let database: TestDatabase;
let openai: Awaited<ReturnType<typeof startOpenAI>>;
before(async () => {
  [database, openai] = await Promise.all([startDatabase(), startOpenAI()]);
});
after(() => Promise.all([database?.stop(), openai?.close()]));
beforeEach(() => openai.faults.clear());

function createFixture({ byHand = false } = {}) {
  const clock = createRunningClock();
  const backend = createBackend(clock);
  const first = openai.createKey();
  backend.put(names.database, database.app);
  backend.put(names.openai, { api_key: first, model: 'echo', base_url: openai.baseUrl, team: 'ours' });
  if (!byHand) backend.put(names['openai-administrator'], openai.administrator);
  return {
    ...backend,
    clock,
    first,
    stored: () => backend.stored(names.openai),
    rotate: ({ key = '', ...changes }: Partial<RotationOptions> & { key?: string } = {}) =>
      rotateOpenAI({ ...backend.options(changes), askForKey: async () => key }),
  };
}

const key = async (stored: Promise<Record<string, string>>) => (await stored).api_key ?? '';

describe('rotate openai', () => {
  it('makes a key, proves it, writes it, and deletes the one before after one and a half TTL', async () => {
    const { rotate, stored, first, clock, steps } = createFixture();
    await rotate();
    const second = await stored();
    assert.ok(openai.accepts(await key(stored())));
    assert.ok(openai.accepts(first), 'nobody knows whose key the first one is');
    assert.match(steps.at(-1) ?? '', /revoke the old key by hand after 450 s/);

    const begun = clock.now();
    await rotate();
    assert.ok(clock.now() - begun >= 450_000);
    assert.ok(!openai.accepts(second.api_key ?? ''));
    assert.ok(openai.accepts(await key(stored())));
    const { api_key: _key, service_account_id, previous_service_account_id, ...rest } = await stored();
    assert.equal(previous_service_account_id, second.service_account_id);
    assert.notEqual(service_account_id, second.service_account_id);
    assert.deepEqual(rest, { model: 'echo', base_url: openai.baseUrl, team: 'ours' });
    assert.ok(!steps.join().includes(await key(stored())));
  });

  it('a key that fails its proof is deleted, and nothing is written', async () => {
    const { rotate, stored, first, clock } = createFixture();
    const accounts = openai.serviceAccounts().length;
    for (const [kind, temporary] of [
      ['denied', false],
      ['unavailable', true],
      ['identity', false],
    ] as const) {
      openai.faults.inject({ kind }, { matches: ({ path }) => path.endsWith('/completions') });
      await assert.rejects(rotate(), { name: RotationError.name, temporary });
      openai.faults.clear();
      assert.equal(clock.now() >= 30_000, kind === 'identity', 'only an unknown key may become known');
      assert.equal(await key(stored()), first);
      assert.equal(openai.serviceAccounts().length, accounts);
    }
  });

  it('gives a new key the time to become known', async () => {
    const { rotate } = createFixture();
    openai.faults.inject(
      { kind: 'identity' },
      { times: 5, matches: ({ path }) => path.endsWith('/completions') },
    );
    await rotate();
  });

  it('killed or stopped at any step and run again: one key works, and no account is left over', async (context) => {
    const counting = createFixture();
    await counting.rotate();
    const count = counting.count();
    await counting.rotate();
    const checkpoints = count();
    assert.ok(checkpoints >= 7, `only ${checkpoints} places`);

    for (let index = 0; index < checkpoints; index += 1)
      for (const end of ['killed', 'stopped'] as const)
        await context.test(`${end} at place ${index}`, async () => {
          const { rotate, at, calm, stored } = createFixture();
          await rotate();
          const before = openai.serviceAccounts().length;
          const stopping = new AbortController();
          const died = Promise.withResolvers<void>();
          at(index, async () => {
            died.resolve();
            if (end === 'killed') return new Promise(() => {});
            stopping.abort(stopped());
          });
          const run = rotate({ signal: stopping.signal }).catch(() => {});
          await died.promise;
          if (end === 'killed') await database.killRotations();
          else await run;
          calm();
          assert.ok(openai.accepts(await key(stored())));

          await rotate();
          assert.ok(openai.accepts(await key(stored())));
          assert.equal(openai.serviceAccounts().length, before);
        });
  });

  it('without an administrator a person gives the key', async () => {
    const { rotate, stored, first, steps } = createFixture({ byHand: true });
    const given = openai.createKey();
    await assert.rejects(rotate({ key: '' }), /No key was given/);
    await assert.rejects(rotate({ key: first }), /the one in use/);
    await assert.rejects(rotate({ key: 'wrong' }), /does not work: 401/);
    assert.equal(await key(stored()), first);
    await rotate({ key: `${given}\n` });
    assert.equal(await key(stored()), given);
    assert.ok(openai.accepts(first));
    assert.match(steps.at(-1) ?? '', /by hand after 450 s/);
  });

  it('two at once: one refuses', async () => {
    const { rotate, at } = createFixture();
    at(0, () => assert.rejects(rotate(), /Another rotation is running/));
    await rotate();
  });
});
