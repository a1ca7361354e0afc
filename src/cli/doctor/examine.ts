/** Runs checks one after the other; one that needs what an earlier one did not find is not run. */
import { systemClock } from '../../clock.ts';
import { withoutBlanks } from '../../variables.ts';
import {
  type Check,
  type CheckContext,
  type Complaint,
  complaintsOf,
  NotApplicable,
  NotChecked,
} from './check.ts';
import { patience } from './required.ts';

export interface Result {
  id: string;
  title: string;
  /** `skipped` because of an earlier failure; `not-applicable` where there is nothing to look at. */
  status: 'passed' | 'failed' | 'skipped' | 'not-applicable';
  /** What was found, or why it was not looked for. Empty when it failed. */
  detail: string;
  complaints: Complaint[];
}

/** @param onResult called after each check, to show progress */
export async function examine(
  checks: Check[],
  environment: NodeJS.ProcessEnv,
  onResult: (result: Result) => void = () => {},
): Promise<Result[]> {
  const context: CheckContext = {
    environment: withoutBlanks(environment),
    clock: systemClock,
    findings: { looks: new Map(), secrets: new Map() },
  };
  const results: Result[] = [];
  for (const check of checks) {
    const result = await perform(check, context, results);
    results.push(result);
    onResult(result);
  }
  await leave(context);
  return results;
}

async function perform(check: Check, context: CheckContext, earlier: Result[]): Promise<Result> {
  const finish = (rest: Pick<Result, 'status'> & Partial<Result>): Result => ({
    id: check.id,
    title: check.title(context.findings),
    detail: '',
    complaints: [],
    ...rest,
  });
  const needed = earlier.filter(({ id }) => check.needs.includes(id));
  for (const { status, title, detail } of needed) {
    if (status === 'failed') return finish({ status: 'skipped', detail: new NotChecked(title).message });
    if (status === 'skipped') return finish({ status, detail });
  }
  try {
    return finish({ status: 'passed', detail: await check.run(context) });
  } catch (error) {
    if (error instanceof NotApplicable) return finish({ status: 'not-applicable', detail: error.message });
    if (error instanceof NotChecked) return finish({ status: 'skipped', detail: error.message });
    return finish({ status: 'failed', complaints: complaintsOf(error, check.id) });
  }
}

/** Gives back what was made for this process alone, and the login. */
async function leave({ findings: { backend, secrets } }: CheckContext): Promise<void> {
  for (const { lease } of secrets.values())
    if (lease) await backend?.revoke?.(lease, { signal: patience() }).catch(() => {});
  await backend?.close?.();
}
