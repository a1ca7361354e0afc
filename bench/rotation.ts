/**
 * `npm run bench:rotation [-- --backend …] [--rounds 10]`: two replicas under steady mixed traffic while every secret
 * rotates. Exits with 1 when a request fails or hangs, a value is read more than once, or rotation slows requests.
 */
import { parseArgs } from 'node:util';
import { judge, table } from './rotation-report.ts';
import { BENCHES, runRotationBench } from './rotation-run.ts';

const { values } = parseArgs({
  options: { backend: { type: 'string', multiple: true }, rounds: { type: 'string', default: '10' } },
});
const unknown = values.backend?.filter((name) => !BENCHES.some((bench) => bench.name === name)) ?? [];
if (unknown.length > 0) {
  console.error(
    `Unknown backend: ${unknown.join(', ')}. Choose from: ${BENCHES.map(({ name }) => name).join(', ')}.`,
  );
  process.exit(64);
}

const chosen = BENCHES.filter(({ name }) => values.backend === undefined || values.backend.includes(name));
const results = [];
for (const bench of chosen) {
  console.error(`${bench.name}: ${values.rounds} rotations of every secret under load ...`);
  results.push(await runRotationBench(bench, { rounds: Number(values.rounds) }));
}
console.log(table(results));
const complaints = results.flatMap(judge);
for (const complaint of complaints) console.error(complaint);
process.exit(complaints.length > 0 ? 1 : 0);
