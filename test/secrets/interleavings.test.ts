/**
 * The live secret under every order of events that a generator finds: callers whose version was refused, writes,
 * refreshes by the timer, failures, own writes and slow answers.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { z } from 'zod';
import { SecretError } from '../../src/errors.ts';
import { createLiveSecret } from '../../src/secrets/live-secret.ts';
import { createSecret, type SecretProvider } from '../../src/secrets/provider.ts';
import { createFakeClock } from '../support/clock.ts';
import { silentLogger as logger } from '../support/logger.ts';

const COOLDOWN = 5_000;

type Event =
  /** Another process writes the next version into the backend. */
  | { kind: 'write' }
  /** A caller's current version was refused. */
  | { kind: 'refused' }
  | { kind: 'refresh' }
  /** This process has just written: calls that began before must not count. */
  | { kind: 'invalidate' }
  | { kind: 'wait'; milliseconds: number }
  /** The oldest or the newest call under way ends, with the state of the backend when the call began. */
  | { kind: 'answer'; newest: boolean; fails: boolean };

const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ kind: fc.constant('write' as const) }),
  fc.record({ kind: fc.constant('refused' as const) }),
  fc.record({ kind: fc.constant('refresh' as const) }),
  fc.record({ kind: fc.constant('invalidate' as const) }),
  fc.record({ kind: fc.constant('wait' as const), milliseconds: fc.constantFrom(1, 2_500, COOLDOWN) }),
  fc.record({ kind: fc.constant('answer' as const), newest: fc.boolean(), fails: fc.boolean() }),
);

async function play(events: Event[]) {
  const clock = createFakeClock();
  let written = 1;
  let epoch = 0;
  interface Question {
    kind: 'read' | 'version';
    version: number;
    epoch: number;
    settle: (fails: boolean) => void;
  }
  const questions: Question[] = [];
  const readsAt: { at: number; epoch: number }[] = [];

  const ask = <R>(kind: Question['kind'], answer: (version: number) => R): Promise<R> =>
    new Promise((resolve, reject) => {
      const version = written;
      const settle = (fails: boolean) =>
        fails
          ? reject(new SecretError('unavailable', 'down', { remedy: 'None: this is a test.' }))
          : resolve(answer(version));
      questions.push({ kind, version, epoch, settle });
    });
  const provider: SecretProvider = {
    name: 'scripted',
    read: (name) => {
      if (!loading) readsAt.push({ at: clock.now(), epoch });
      return ask('read', (version) =>
        createSecret({ name, version: `${version}`, value: JSON.stringify({ n: version }) }),
      );
    },
    version: () => ask('version', String),
  };
  // Attempts have no time limit here: an answer may come as late as the generator likes.
  const secret = createLiveSecret(
    { id: 'jwt', name: 'n', schema: z.object({ n: z.number() }), fields: [] },
    {
      provider,
      clock,
      logger,
      ttl: 1e12,
      random: () => 0,
      cooldown: COOLDOWN,
      attemptTimeout: 1e12,
    },
  );
  const published: { version: number; epoch: number }[] = [];
  secret.onRotated(({ value }) => published.push({ version: value.n, epoch }));

  let loading = true;
  const load = secret.load();
  questions.shift()?.settle(false);
  await load;
  loading = false;

  const pending: Promise<unknown>[] = [];
  let answered: Question | undefined;
  for (const next of events) {
    const before = published.length;
    switch (next.kind) {
      case 'write':
        written += 1;
        break;
      case 'refused':
        pending.push(secret.refreshIfStale(secret.current().version));
        break;
      case 'refresh':
        pending.push(secret.refresh());
        break;
      case 'invalidate':
        epoch += 1;
        secret.invalidate();
        break;
      case 'wait':
        await clock.advance(next.milliseconds);
        break;
      case 'answer':
        answered = next.newest ? questions.pop() : questions.shift();
        answered?.settle(next.fails);
        break;
    }
    await turn();
    await turn();
    const underWay = questions.filter((question) => question.epoch === epoch).length;
    assert.ok(underWay <= 1, `${underWay} calls at once`);
    if (published.length > before)
      assert.equal(answered?.epoch, epoch, 'published the result of a call that began before an own write');
  }

  // Whatever happened, nothing hangs and the newest version can be read.
  await clock.advance(COOLDOWN);
  const drain = async () => {
    for (let quiet = 0; quiet < 3; quiet += 1) {
      while (questions.length > 0) questions.shift()?.settle(false);
      await turn();
      if (questions.length > 0) quiet = -1;
    }
  };
  await drain();
  await Promise.all(pending);
  await clock.advance(COOLDOWN);
  const last = secret.refreshIfStale(secret.current().version);
  await drain();
  assert.equal((await last).loaded.value.n, written);
  return readsAt;
}

it('one call at a time, nothing late is published, nothing hangs, the newest version can always be read', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 25 }), async (events) => {
      await play(events);
    }),
    { numRuns: 2_000 },
  );
});

it('callers alone never make two reads within one cooldown', async () => {
  const callers = event.filter(({ kind }) => kind !== 'refresh' && kind !== 'invalidate');
  await fc.assert(
    fc.asyncProperty(fc.array(callers, { maxLength: 40 }), async (events) => {
      const reads = await play(events);
      // The last read is the property's own, a cooldown after all others.
      for (let index = 1; index < reads.length; index += 1) {
        const pause = (reads[index]?.at ?? 0) - (reads[index - 1]?.at ?? 0);
        assert.ok(pause >= COOLDOWN, `two reads ${pause} ms apart`);
      }
    }),
    { numRuns: 2_000 },
  );
});
