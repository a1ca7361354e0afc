/** `npm run secrets -- doctor`: checks everything that the service needs to start, in order, and says what to fix. */
import { parseArgs } from 'node:util';
import { CHECKS } from './checks.ts';
import { examine } from './examine.ts';
import { describe, exitCodeOf, summarize, toDocument } from './report.ts';

export const USAGE = '  npm run secrets -- doctor [--json]';

/** @returns the exit code: 0 when nothing is wrong, else that of the service, 75 or 78 */
export async function doctor(parameters: string[]): Promise<number> {
  let json: boolean;
  try {
    ({ json } = parseArgs({
      args: parameters,
      options: { json: { type: 'boolean', default: false } },
    }).values);
  } catch (error) {
    console.error(`${(error as Error).message}\nUsage:\n${USAGE}`);
    return 64;
  }
  const results = await examine(CHECKS, process.env, (result) => {
    if (!json) console.log(describe(result));
  });
  console.log(json ? JSON.stringify(toDocument(results), null, 2) : `\n${summarize(results)}`);
  return exitCodeOf(results);
}
