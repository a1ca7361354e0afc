/** What a run of the parts ends with. */
import { skipsIn } from '../support/skip.ts';
import type { Result } from './part.ts';

/** A line for each part, a line for each skip, and the sums. `succeeded` is false for any skip when `isStrict`. */
export function summarize(results: Result[], { isStrict }: { isStrict: boolean }) {
  const lines = results.map(({ name, seconds, succeeded, output }) => {
    const [, tests] = /^ℹ tests (\d+)$/m.exec(output) ?? [];
    const outcome = succeeded ? 'passed' : 'FAILED';
    return `${name.padEnd(16)}${seconds.toFixed(0).padStart(6)} s  ${outcome}${tests ? `, ${tests} tests` : ''}`;
  });
  const skips = results.flatMap(({ output }) => skipsIn(output));
  const failed = results.filter(({ succeeded }) => !succeeded).length;
  return {
    succeeded: failed === 0 && !(isStrict && skips.length > 0),
    lines: [
      ...lines,
      ...skips,
      ...(isStrict && skips.length > 0 ? ['CI_STRICT=1: a skip is a failure.'] : []),
      `${results.length - failed} passed, ${failed} failed, ${skips.length} skipped`,
    ],
  };
}
