/**
 * Every fault × at the start or at runtime × every provider × every secret, over real sockets, compared with
 * `expectations.ts`; and the documents with the results. `npm run faults:record` writes them.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BACKENDS, type BackendName } from '../../sandbox/backends.ts';
import { expected, MOST_RECOVERY, MOST_REQUESTS } from './expectations.ts';
import { FAULTS } from './faults.ts';
import { measureRun, measureStart } from './measure.ts';
import { renderReports } from './reports.ts';
import { type Measured, renderTable } from './table.ts';
import { REQUIRED, startWorld, type World } from './world.ts';

/** Milliseconds. A cell that takes longer hangs. */
const TIMEOUT = 300_000;

const measured: Measured[] = [];
let world: World;

before(async () => {
  world = await startWorld();
});
after(() => world?.close());

for (const provider of BACKENDS)
  describe(`faults of ${provider}`, () => {
    for (const fault of FAULTS) {
      const effect = fault.effects[provider];
      if (typeof effect === 'string') {
        measured.push({ provider, fault: fault.title, missing: effect });
        continue;
      }
      const secrets = fault.only?.secrets ?? [...REQUIRED];
      const common = () => ({ world, provider, effect });

      // One at a time, so that each secret's own fault ends the start. A fault that strikes all has one start.
      for (const secret of fault.strikes === 'all' ? (['database'] as const) : secrets)
        it(`${fault.title}, at the start${fault.strikes === 'all' ? '' : `, ${secret}`}`, {
          timeout: TIMEOUT,
        }, async () => {
          const outcome = await measureStart({ ...common(), secrets: [secret] });
          measured.push({ provider, fault: fault.title, secret, start: outcome });
          const wanted = expected(provider, fault.title, 'startup');
          const struck = fault.strikes === 'all' ? REQUIRED : [secret];
          assert.equal(outcome.exit, wanted.exit);
          assert.deepEqual(outcome.codes, Object.fromEntries(struck.map((id) => [id, wanted.class])));
          assert.ok(outcome.seconds <= (wanted.within ?? 0), `${outcome.seconds} s`);
          assert.ok(outcome.requests <= MOST_REQUESTS.startup, `${outcome.requests} requests`);
        });

      if (fault.notAtRuntime) continue;
      it(`${fault.title}, while it runs`, { timeout: TIMEOUT }, async () => {
        const outcome = await measureRun({
          ...common(),
          secrets: fault.strikes === 'all' ? ['database'] : secrets,
        });
        measured.push({ provider, fault: fault.title, run: outcome });
        const wanted = expected(provider, fault.title, 'runtime');
        for (const [id, { code, ready, served }] of Object.entries(outcome.outcomes)) {
          assert.equal(code ?? 'unnoticed', wanted.class, id);
          assert.equal(ready, wanted.ready ?? 'throughout', id);
          assert.equal(served, wanted.served ?? true, id);
        }
        assert.ok(outcome.requests <= MOST_REQUESTS.runtime, `${outcome.requests} requests`);
        assert.ok(outcome.recovered <= MOST_RECOVERY, `${outcome.recovered} s`);
      });
    }
  });

it('no secret leaks into a log, an answer, a report or an error', () => {
  assert.deepEqual(world.leaks, []);
});

describe('the documents of the results', () => {
  const record = process.env.RECORD === '1';
  const holdAgainst = (path: string, text: string) => {
    const file = fileURLToPath(new URL(path, import.meta.url));
    if (record) writeFileSync(file, text);
    else assert.equal(text, readFileSync(file, 'utf8'), 'out of date: run npm run faults:record');
  };

  it('architecture/faults.md', () => {
    holdAgainst('../../architecture/faults.md', renderTable(measured));
  });

  for (const provider of BACKENDS)
    it(`test/faults/reports/${provider}.txt`, () => {
      holdAgainst(`reports/${provider}.txt`, renderReports(provider as BackendName, measured, world));
    });
});
