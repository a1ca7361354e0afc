/** `npm run ci [-- part ...]`: runs all parts, or the named ones. Shows the output of a part that fails. */
import { availableParallelism } from 'node:os';
import { PARTS } from './parts.ts';
import { runParts } from './schedule.ts';
import { summarize } from './summary.ts';

const chosen = process.argv.slice(2);
const parts = PARTS.filter(({ name }) => chosen.length === 0 || chosen.includes(name));
if (parts.length < chosen.length) {
  console.error(`Unknown part. Choose from: ${PARTS.map(({ name }) => name).join(', ')}.`);
  process.exit(64);
}

const results = await runParts(parts, {
  cores: availableParallelism(),
  onEnd({ name, seconds, succeeded, output }) {
    if (!succeeded) console.log(output);
    console.log(`${succeeded ? '✔' : '✖ the output above is of'} ${name}, ${seconds.toFixed(0)} s`);
  },
});
const { lines, succeeded } = summarize(results, { isStrict: process.env.CI_STRICT === '1' });
console.log(`\n${lines.join('\n')}`);
process.exit(succeeded ? 0 : 1);
