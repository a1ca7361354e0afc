/**
 * `npm run bench:stopping [-- --times 20]`: SIGTERM while 300 callers send one request after the other. Exits with 1 when
 * a request is lost, the exit code is not 0, or a leased login remains.
 */
import { parseArgs } from 'node:util';
import { stopUnderLoad } from './stopping-run.ts';

const { times } = parseArgs({ options: { times: { type: 'string', default: '20' } } }).values;

let failed = false;
for await (const { answered, lost, leases, end, milliseconds } of stopUnderLoad({ times: Number(times) })) {
  console.log(
    `${answered} answered, ${lost.length} lost, ${leases} leases left, ${end} after ${milliseconds} ms`,
  );
  for (const { error, reused } of lost) console.error(`${error} on a ${reused ? 'kept' : 'new'} connection`);
  failed ||= lost.length > 0 || leases > 0 || end !== 'exit code 0';
}
process.exit(failed ? 1 : 0);
