/** The run of CI's parts: side by side within the cores, and no failure or skip without a line. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { skipLine } from '../support/skip.ts';
import type { Result } from './part.ts';
import { runParts } from './schedule.ts';
import { summarize } from './summary.ts';

const part = (name: string, command: string, cores = 1) => ({ name, command, cores });
const run = async (parts: ReturnType<typeof part>[], cores = 2) => {
  const ended: string[] = [];
  const results = await runParts(parts, { cores, onEnd: ({ name }) => ended.push(name) });
  return { ended, results };
};
const result = (output: string, succeeded = true): Result => ({
  name: 'one',
  seconds: 1.4,
  succeeded,
  output,
});

describe('the run of parts', () => {
  it('tells which part failed, with what it printed to either stream', async () => {
    const { results } = await run([part('good', 'true'), part('bad', 'echo out; echo error >&2; exit 3')]);
    assert.deepEqual(
      results.filter(({ succeeded }) => !succeeded).map(({ name, output }) => [name, output]),
      [['bad', 'out\nerror\n']],
    );
  });

  it('starts a small part beside one that leaves room for it, past one that does not fit', async (context) => {
    const directory = await mkdtemp(join(tmpdir(), 'ci-test-'));
    context.after(() => rm(directory, { recursive: true }));
    const file = join(directory, 'small-has-run');
    const { ended } = await run([
      part('first', `until test -e ${file}; do sleep 0.05; done`, 1.5),
      part('large', 'true', 1),
      part('small', `touch ${file}`, 0.5),
    ]);
    // The first one ends because the small one has run; which of the two is reported first is chance.
    assert.deepEqual(ended.toSorted(), ['first', 'large', 'small']);
    assert.equal(ended.at(-1), 'large');
  });

  it('runs a part alone that wants more cores than the machine has', async () => {
    const { ended } = await run([part('wide', 'true', 8), part('narrow', 'true', 1)], 2);
    assert.deepEqual(ended, ['wide', 'narrow']);
  });
});

describe('the summary', () => {
  it('has a line for the part with its tests, and one for each skip', () => {
    const output = `${skipLine('a', 'no engine')}\nℹ tests 12\nℹ pass 11\n${skipLine('a', 'no engine')}\n`;
    const { lines, succeeded } = summarize([result(output)], { isStrict: false });
    assert.deepEqual(lines, [
      'one                  1 s  passed, 12 tests',
      'SKIPPED a: no engine',
      '1 passed, 0 failed, 1 skipped',
    ]);
    assert.equal(succeeded, true);
  });

  it('fails for a failed part, and for a skip where none is allowed', () => {
    assert.equal(summarize([result('', false)], { isStrict: false }).succeeded, false);
    const skip = result(skipLine('a', 'no engine'));
    assert.equal(summarize([skip], { isStrict: true }).succeeded, false);
    assert.equal(summarize([skip], { isStrict: false }).succeeded, true);
  });
});
