/**
 * `npm run bench:soak [-- --minutes 2] [--backend ...] [--seed n]`: two replicas under steady mixed traffic while the
 * backend fails, PostgreSQL restarts and secrets rotate at random, for the given minutes per backend. Exits with 1 when a
 * request fails or hangs, `/ready` or `/health` is wrong or late, memory grows, or a replica ends by itself.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { BENCHES } from './rotation-run.ts';
import { judge, table } from './soak-report.ts';
import { runSoak } from './soak-run.ts';

const { values } = parseArgs({
  options: {
    backend: { type: 'string', multiple: true },
    minutes: { type: 'string', default: '2' },
    seed: { type: 'string', default: String(randomInt(1_000_000)) },
    rate: { type: 'string', default: '30' },
  },
});
const chosen = BENCHES.filter(({ name }) => values.backend === undefined || values.backend.includes(name));
if (chosen.length !== (values.backend?.length ?? BENCHES.length)) {
  console.error(`Unknown backend. Choose from: ${BENCHES.map(({ name }) => name).join(', ')}.`);
  process.exit(64);
}

const seed = Number(values.seed);
console.error(`Seed ${seed}.`);
const results = [];
let isWell = true;
for (const bench of chosen) {
  const options = { minutes: Number(values.minutes), rate: Number(values.rate), seed };
  const result = await runSoak(bench, { ...options, report: (line) => console.error(line) });
  results.push(result);
  for (const complaint of judge(result)) {
    console.error(complaint);
    isWell = false;
  }
}
console.log(table(results));
process.exit(isWell ? 0 : 1);
