/** `npm run fuzz -- --seed 1 --seconds 60`: a long run; tells what was answered how often, and what memory it cost. */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { startApi } from '../support/api.ts';
import { fuzz } from './fuzz.ts';

const { values } = parseArgs({
  options: { seed: { type: 'string' }, seconds: { type: 'string', default: '60' } },
});
const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);

/** MiB that the service may have more at the end than after the first requests, which compile and fill caches. */
const GROWTH = 100;

const api = await startApi();
try {
  console.log(`seed ${seed}`);
  await fuzz(api, { seed: seed + 1, batches: 300 });
  const before = await memory();
  const { answers } = await fuzz(api, {
    seed,
    batches: Number.MAX_SAFE_INTEGER,
    timeLimit: Number(values.seconds) * 1000,
  });
  const after = await memory();
  for (const [answer, times] of [...answers].sort()) console.log(`${String(times).padStart(8)}  ${answer}`);
  console.log(`memory: ${before} MiB after the first requests, ${after} MiB at the end`);
  if (after - before > GROWTH) throw new Error(`The service has grown by more than ${GROWTH} MiB.`);
} finally {
  await api.close();
}

/** Resident, in MiB, as the service tells it. */
async function memory(): Promise<number> {
  const { text } = await api.send('/metrics');
  const [, bytes] = /^process_resident_memory_bytes (\S+)$/m.exec(text) ?? [];
  if (bytes === undefined) throw new Error('The metrics do not tell the memory of the process.');
  return Math.round(Number(bytes) / 2 ** 20);
}
