/** Runs checks in order. Skips those that need a check that did not pass. */
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
  /** `skipped` after an earlier failure. `not-applicable` when there is nothing to check. */
  status: 'passed' | 'failed' | 'skipped' | 'not-applicable';
  /** The result, or the reason why the check did not run. Empty when it failed. */
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
    findings: { versions: new Map(), secrets: new Map() },
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

/** Revokes the leases and the login of this process. */
async function leave({ findings: { provider, secrets } }: CheckContext): Promise<void> {
  for (const { lease } of secrets.values())
    if (lease) await provider?.revoke?.(lease, { signal: patience() }).catch(() => {});
  await provider?.close?.();
}
