/** The coverage of a run as lines: the least covered file first, then the whole. */
import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';

type Summary = Extract<TestEvent, { type: 'test:coverage' }>['data']['summary'];

export function describeCoverage({ files, totals, workingDirectory }: Summary): string[] {
  const line = (lines: number, branches: number, name: string) =>
    `${lines.toFixed(1).padStart(6)} % of lines, ${branches.toFixed(1).padStart(5)} % of branches  ${name}`;
  return [
    ...files
      .toSorted((a, b) => a.coveredLinePercent - b.coveredLinePercent)
      .map(({ path, coveredLinePercent, coveredBranchPercent }) =>
        line(coveredLinePercent, coveredBranchPercent, relative(workingDirectory, path)),
      ),
    line(totals.coveredLinePercent, totals.coveredBranchPercent, 'all files'),
  ];
}
