/**
 * The second half of `npm run lint`: fails on words listed in words.ts, beyond the counts in baseline.json.
 * `node test/style/run.ts --record` lowers the baseline, and can move counts between files but not raise their sum.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { findWordsIn } from './words.ts';

const BASELINE = new URL('baseline.json', import.meta.url);
const root = process.argv.find((argument, index) => index > 1 && !argument.startsWith('--'));
const baseline: Record<string, number> = JSON.parse(readFileSync(BASELINE, 'utf8'));

const byFile = Map.groupBy(
  findWordsIn(root ?? fileURLToPath(new URL('../..', import.meta.url))),
  ({ path }) => path,
);
const counts = Object.fromEntries([...byFile].map(([path, found]) => [path, found.length] as const).sort());
const sum = (numbers: Record<string, number>) =>
  Object.values(numbers).reduce((total, one) => total + one, 0);

if (process.argv.includes('--record') && sum(counts) <= sum(baseline)) {
  writeFileSync(BASELINE, `${JSON.stringify(counts, null, 2)}\n`);
} else {
  const beyond = [...byFile].flatMap(([path, found]) => (found.length > (baseline[path] ?? 0) ? found : []));
  for (const { path, line, word, instead } of beyond)
    console.error(`${path}:${line}: "${word}" is not used here. Use instead: ${instead}.`);
  process.exitCode = beyond.length > 0 ? 1 : 0;
}
