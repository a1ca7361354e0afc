/** Requests that never stop: what was lost while something else was done. */
import { setTimeout as delay } from 'node:timers/promises';

export type Traffic = ReturnType<typeof startTraffic>;

const REQUESTS: [path: string, body: object][] = [
  ['/db-test', {}],
  ['/ai/chat', { message: 'hello' }],
];
const PAUSE = 50;

export function startTraffic({ url, token }: { url: string; token: string }) {
  let running = true;
  let answered = 0;
  let lost: string[] = [];

  const send = async (path: string, body: object) => {
    try {
      const response = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(60_000),
      });
      const text = await response.text();
      if (response.ok) answered += 1;
      else lost.push(`${path}: ${response.status} ${text}`);
    } catch (error) {
      lost.push(`${path}: ${error}`);
    }
  };
  const worker = async ([path, body]: [string, object]) => {
    while (running) {
      await send(path, body);
      await delay(PAUSE);
    }
  };
  const workers = REQUESTS.map(worker);

  return {
    /** @throws Error when there was no traffic to lose */
    async lostWhile(work: () => Promise<unknown>): Promise<string[]> {
      [answered, lost] = [0, []];
      await work();
      if (answered < 10) throw new Error(`${answered} requests were answered, too few to tell.`);
      console.log(`  ${answered} requests answered, ${lost.length} lost`);
      return lost;
    },
    async stop() {
      running = false;
      await Promise.all(workers);
    },
  };
}
