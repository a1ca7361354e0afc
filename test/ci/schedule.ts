/** Runs parts side by side, as many as keep the cores busy. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Part, type Result, runPart } from './part.ts';

/** @param onEnd gets each result when its part ends */
export async function runParts(
  parts: Part[],
  { cores, onEnd }: { cores: number; onEnd: (result: Result) => void },
): Promise<Result[]> {
  const logs = await mkdtemp(join(tmpdir(), 'ci-'));
  const waiting = [...parts];
  const running = new Set<Promise<void>>();
  const results: Result[] = [];
  let free = cores;

  const run = async (part: Part) => {
    free -= part.cores;
    const result = await runPart(part, join(logs, `${part.name}.log`));
    free += part.cores;
    results.push(result);
    onEnd(result);
  };
  /** The first that fits. One that wants more cores than there are runs alone. */
  const takeNext = () => {
    const index = waiting.findIndex((part) => part.cores <= free || running.size === 0);
    return index < 0 ? undefined : waiting.splice(index, 1)[0];
  };

  while (waiting.length > 0 || running.size > 0) {
    const part = takeNext();
    if (part) {
      const finished = run(part).finally(() => running.delete(finished));
      running.add(finished);
    } else await Promise.race(running);
  }
  await rm(logs, { recursive: true });
  return results;
}
