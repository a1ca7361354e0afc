/** The log of the console: what happened between two states. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { changesBetween } from '../../../src/features/console/changes.ts';
import type { SecretState, State } from '../../../src/features/console/state.ts';

const secret = (fields: Partial<SecretState> = {}): SecretState => ({
  id: 'jwt',
  name: 'myapp/jwt',
  version: '1',
  age: 5,
  confirmed: 1,
  expiresIn: null,
  leaseEndsIn: null,
  lastOutcome: 'ok',
  usable: true,
  rotations: 0,
  ...fields,
});

const state = (secrets: SecretState[], version = '1'): State => ({
  provider: 'vault',
  environment: 'test',
  sandbox: false,
  secrets,
  database: { version, busy: 0, idle: 1, waiting: 0, draining: 0 },
});

const kinds = (before: State | undefined, after: State) =>
  changesBetween(before, after, 7).map(({ secret, kind, at }) => `${secret} ${kind} ${at}`);

describe('changes', () => {
  it('are none at first, and none while only ages change', () => {
    assert.deepEqual(kinds(undefined, state([secret()])), []);
    assert.deepEqual(kinds(state([secret()]), state([secret({ age: 6, confirmed: 2 })])), []);
  });

  it('name a rotation, a failed check, its recovery and the end of use', () => {
    const before = state([secret()]);
    assert.deepEqual(kinds(before, state([secret({ version: '2' })])), ['jwt rotated 7']);
    assert.deepEqual(kinds(before, state([secret({ lastOutcome: 'denied' })])), ['jwt stale 7']);
    assert.deepEqual(kinds(state([secret({ lastOutcome: 'denied' })]), before), ['jwt recovered 7']);
    assert.deepEqual(kinds(before, state([secret({ usable: false })])), ['jwt unusable 7']);
  });

  it('name the switch of the connections, and a secret without an id by its name', () => {
    assert.deepEqual(kinds(state([secret()]), state([secret()], '2')), ['database switched 7']);
    const other = secret({ id: null, name: 'myapp/external-api-keys' });
    assert.deepEqual(kinds(state([other]), state([{ ...other, version: '2' }])), [
      'myapp/external-api-keys rotated 7',
    ]);
  });

  it('pass over a secret that was not known before', () => {
    assert.deepEqual(kinds(state([]), state([secret()])), []);
  });
});
