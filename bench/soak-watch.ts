/** Polls `/health` and `/ready` of every replica four times a second and collects wrong answers. */
import { Agent, request as httpRequest } from 'node:http';

/** Milliseconds. */
const INTERVAL = 250;
/** Milliseconds within which `/ready` must notice. */
const PROMPT = 1_000;

export interface WatchOptions {
  urls: string[];
  /** Milliseconds since the last trouble. */
  calmFor: () => number;
  /** Milliseconds since PostgreSQL stopped; 0 while it runs. */
  databaseAwayFor: () => number;
}

export function startWatch({ urls, calmFor, databaseAwayFor }: WatchOptions) {
  const agent = new Agent({ keepAlive: true });
  const wrong: string[] = [];
  /** Milliseconds of each answer of `/ready`, and of `/health` at the same moment. */
  const took: { ready: number; health: number }[] = [];

  let stopped = false;

  const ask = (url: string) =>
    new Promise<{ status: number; text: string }>((resolve) => {
      const request = httpRequest(url, { agent, timeout: 10_000 }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      });
      request.on('timeout', () => request.destroy());
      request.on('error', ({ message }) => resolve({ status: 0, text: message }));
      request.end();
    });

  const timed = async (url: string) => {
    const askedAt = performance.now();
    const answer = await ask(url);
    return { ...answer, took: performance.now() - askedAt };
  };

  const check = async (url: string) => {
    // The state must be the same before and after the request; otherwise either answer is right.
    const [calmBefore, awayBefore] = [calmFor(), databaseAwayFor()];
    const [health, ready] = await Promise.all([timed(`${url}/health`), timed(`${url}/ready`)]);
    const isAway = awayBefore > PROMPT && databaseAwayFor() > awayBefore;
    // On an overloaded machine `/ready` may be late.
    const isCalm = calmBefore > CALM && calmFor() > calmBefore && health.took < BUSY;
    if (stopped) return;
    took.push({ ready: ready.took, health: health.took });
    if (health.status !== 200) wrong.push(`/health answered ${health.status} ${health.text}`);
    if (isAway && ready.status !== 503) wrong.push(`/ready answered ${ready.status} without PostgreSQL`);
    if (isCalm && ready.status !== 200) wrong.push(`/ready answered ${ready.text} without trouble`);
  };

  const timer = setInterval(() => {
    for (const url of urls) void check(url);
  }, INTERVAL);

  return {
    wrong,
    took,
    stop() {
      stopped = true;
      clearInterval(timer);
      agent.destroy();
    },
  };
}

/** Milliseconds after a trouble in which the service may still recover. */
const CALM = 10_000;
/** Milliseconds within which `/health` must answer on a busy machine. */
const BUSY = 250;
