/** Asks every replica four times a second whether it lives and whether it is ready, and keeps what was wrong. */
import { Agent, request as httpRequest } from 'node:http';

/** Milliseconds. */
const INTERVAL = 250;
/** Within which `/ready` must have noticed. */
const PROMPT = 1_000;

export interface WatchOptions {
  urls: string[];
  /** Milliseconds for which nothing has been done to the service and what it needs. */
  calmFor: () => number;
  /** Milliseconds for which PostgreSQL has been away; 0 while it is not. */
  databaseAwayFor: () => number;
}

export function startWatch({ urls, calmFor, databaseAwayFor }: WatchOptions) {
  const agent = new Agent({ keepAlive: true });
  const wrong: string[] = [];
  /** Milliseconds that each answer of `/ready` took, and of `/health`, asked at the same moment. */
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
    // What is true when it is asked must be true when it answers, or either answer is right.
    const [calmBefore, awayBefore] = [calmFor(), databaseAwayFor()];
    const [health, ready] = await Promise.all([timed(`${url}/health`), timed(`${url}/ready`)]);
    const isAway = awayBefore > PROMPT && databaseAwayFor() > awayBefore;
    // On a machine that has no time for anything, nothing is ready.
    const isCalm = calmBefore > CALM && calmFor() > calmBefore && health.took < BUSY;
    if (stopped) return;
    took.push({ ready: ready.took, health: health.took });
    if (health.status !== 200) wrong.push(`/health said ${health.status} ${health.text}`);
    if (isAway && ready.status !== 503) wrong.push(`/ready said ${ready.status} without PostgreSQL`);
    if (isCalm && ready.status !== 200) wrong.push(`/ready said ${ready.text} with nothing wrong`);
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

/** Milliseconds after a trouble in which the service may still be finding the way back. */
const CALM = 10_000;
/** Milliseconds for `/health` to answer on a machine that is busy with something else. */
const BUSY = 250;
