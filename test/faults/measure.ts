/** Causes one fault, before the start or at runtime, and records the result. */
import assert from 'node:assert/strict';
import type { BackendName } from '../../sandbox/backends.ts';
import { type SecretErrorCode, StartupError } from '../../src/errors.ts';
import { everySide } from '../leaks/scanner.ts';
import { type Cell, createCell } from './cell.ts';
import type { Effect } from './faults.ts';
import type { Required, World } from './world.ts';

export interface Measurement {
  world: World;
  provider: BackendName;
  effect: Effect;
  /** The affected secrets. */
  secrets: Required[];
}

export interface StartOutcome {
  /** `starts`, or the exit code. */
  exit: 75 | 78 | 'starts';
  /** Class by secret, as named in the report. */
  codes: Partial<Record<Required, SecretErrorCode>>;
  /** Seconds until the report, on the service's clock. */
  seconds: number;
  /** Requests to the backend for all three secrets. */
  requests: number;
  report: string;
}

export interface RunOutcome {
  /** Class of the secret's first failed check; undefined when none failed. */
  code: SecretErrorCode | undefined;
  /** Minutes after which the secret is unusable and `/ready` answers 503; or throughout. */
  ready: number | 'throughout';
  /** Whether requests that need the secret are answered to the end of the hour. */
  served: boolean;
}

export interface Run {
  outcomes: Partial<Record<Required, RunOutcome>>;
  /** Requests to the backend within the hour, for all three secrets. */
  requests: number;
  /** Seconds from the end of the fault until the backend has confirmed everything. */
  recovered: number;
}

const MINUTE = 60_000;
/** Times of requests, in minutes after the fault. */
const PROBES = [1, 5, 9, 11, 34, 36, 60];

export async function measureStart({ effect, secrets, ...options }: Measurement): Promise<StartOutcome> {
  const cell = await createCell(options);
  const undo = await strike(cell, effect, secrets, 'startup');
  try {
    const error = await cell.start({ drive: true }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    const outcome = { seconds: Math.round(cell.clock.now() / 1000), requests: cell.requests() };
    options.world.inspect('a report', everySide(error));
    if (error === undefined) return { exit: 'starts', codes: {}, report: '', ...outcome };
    if (!(error instanceof StartupError)) throw error;
    const codes = Object.fromEntries(error.problems.map(({ subject, code }) => [subject, code]));
    for (const { remedy } of error.problems) assert.ok(remedy.length > 30, 'a remedy says what to do');
    return { exit: error.exitCode, codes, report: error.report(), ...outcome };
  } finally {
    await undo().finally(cell.close);
  }
}

export async function measureRun({ effect, secrets, ...options }: Measurement): Promise<Run> {
  const cell = await createCell(options);
  let undo = async () => {};
  try {
    const { store, readiness } = await cell.start();
    const token = await cell.logIn();
    const statusOf = (secret: Required) => {
      const status = store.status().find(({ id }) => id === secret);
      assert.ok(status);
      return status;
    };
    assert.deepEqual(await readiness.check(), []);
    undo = await strike(cell, effect, secrets, 'runtime');

    const before = cell.requests();
    const started = cell.clock.now();
    const outcomes: Partial<Record<Required, RunOutcome>> = {};
    for (const secret of secrets) outcomes[secret] = { code: undefined, ready: 'throughout', served: true };
    const note = () => {
      for (const secret of secrets) {
        const outcome = outcomes[secret] as RunOutcome;
        const { lastFailure, usable } = statusOf(secret);
        outcome.code ??= lastFailure;
        if (!usable && outcome.ready === 'throughout')
          outcome.ready = Math.round((cell.clock.now() - started) / MINUTE);
      }
    };
    for (const probe of PROBES) {
      while (cell.clock.now() < started + probe * MINUTE)
        await cell.advance(Math.min(started + probe * MINUTE - cell.clock.now(), MINUTE / 2), note);
      note();
      const usable = store.status().every((status) => status.usable);
      assert.equal((await cell.send('/ready')).status, usable ? 200 : 503, `/ready after ${probe} minutes`);
      assert.equal((await cell.send('/health')).status, 200);
      for (const secret of secrets) {
        const { status, text } = await ask(cell, secret, token);
        assert.ok(status === 200 || status === 503, `${secret} after ${probe} minutes: ${status} ${text}`);
        (outcomes[secret] as RunOutcome).served = status === 200;
      }
    }
    const requests = cell.requests() - before;

    await undo();
    undo = async () => {};
    const ended = cell.clock.now();
    const isWell = () => store.status().every(({ usable, lastFailure }) => usable && !lastFailure);
    while (!isWell() && cell.clock.now() - ended < 60 * MINUTE) await cell.advance(MINUTE / 2);
    assert.ok(isWell(), 'the service recovers by itself');
    for (const secret of secrets) assert.equal((await ask(cell, secret, token)).status, 200);
    return { outcomes, requests, recovered: (cell.clock.now() - ended) / 1000 };
  } finally {
    await undo().finally(cell.close);
  }
}

/** @returns a function that ends the fault */
async function strike(cell: Cell, effect: Effect, secrets: Required[], phase: 'startup' | 'runtime') {
  const undos: Awaited<ReturnType<Effect>>[] = [];
  for (const secret of secrets) undos.unshift(await effect(cell, secret, phase));
  return async () => {
    for (const undo of undos) await undo();
  };
}

/** A request that needs the secret. The JWT comes first because its route needs no other secret. */
const ask = (cell: Cell, secret: Required, token: string) => {
  switch (secret) {
    case 'jwt':
      return cell.send('/auth/me', { token });
    case 'database':
      return cell.send('/db-test', { token, body: {} });
    case 'openai':
      return cell.send('/ai/chat', { token, body: { message: 'hello' } });
  }
};
