/** Mixed requests at a steady rate, whether or not answers come, as from independent callers. */
import { Agent, request as httpRequest } from 'node:http';

export type Kind = 'login' | 'me' | 'db-test' | 'chat' | 'chat-stream';

export interface Sample {
  kind: Kind;
  /** Index of the replica. */
  replica: number;
  /** When it was sent and answered, in milliseconds of `performance.now()`. */
  sentAt: number;
  answeredAt: number;
  outcome: 'ok' | 'failed' | 'hung';
  /** For a failure: status or error. */
  detail: string;
  /** For `db-test`: the database user in the answer. */
  user: string | undefined;
}

export interface TrafficOptions {
  /** One base URL per replica, used in turn. */
  urls: string[];
  user: { email: string; password: string };
  /** Requests per second. */
  rate: number;
}

/** Requests of each kind per hundred. A login costs a tenth of a second of processor time. */
const MIX: [Kind, number][] = [
  ['login', 2],
  ['me', 40],
  ['db-test', 38],
  ['chat', 10],
  ['chat-stream', 10],
];
const SCHEDULE = MIX.flatMap(([kind, count]) =>
  Array.from({ length: count }, (_, index) => ({ kind, at: index / count })),
)
  .sort((a, b) => a.at - b.at)
  .map(({ kind }) => kind);

/** Milliseconds after which an unanswered request counts as hung. */
const HUNG = 30_000;
const TICK = 10;

export async function startTraffic({ urls, user, rate }: TrafficOptions) {
  const agent = new Agent({ keepAlive: true, maxSockets: 200 });
  const samples: Sample[] = [];
  const underWay = new Set<Promise<void>>();
  /** Tokens of any age. Each replica must accept each of them. */
  const tokens: string[] = [];
  let sent = 0;
  /** Each round of the schedule starts with another replica, so that each replica gets every kind. */
  const nextReplica = () => (sent + Math.floor(sent / SCHEDULE.length)) % urls.length;

  const send = (url: string, method: string, token: string | undefined, body: object | undefined) =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const payload = body === undefined ? undefined : JSON.stringify(body);
      const headers = {
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
        ...(payload !== undefined && {
          'Content-Type': 'application/json',
          'Content-Length': Buffer.byteLength(payload),
        }),
      };
      const request = httpRequest(url, { method, agent, headers, timeout: HUNG }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
        response.on('error', reject);
      });
      request.on('timeout', () => request.destroy(new Error('hung')));
      request.on('error', reject);
      request.end(payload);
    });

  const REQUESTS: Record<Kind, [method: string, path: string, body: object | undefined]> = {
    login: ['POST', '/auth/login', user],
    me: ['GET', '/auth/me', undefined],
    'db-test': ['POST', '/db-test', {}],
    chat: ['POST', '/ai/chat', { message: 'hello' }],
    'chat-stream': ['POST', '/ai/chat', { message: 'a few words', stream: true }],
  };

  const run = async (kind: Kind, replica: number) => {
    const [method, path, body] = REQUESTS[kind];
    const token = kind === 'login' ? undefined : tokens[Math.floor(Math.random() * tokens.length)];
    const sample: Sample = {
      kind,
      replica,
      sentAt: performance.now(),
      answeredAt: 0,
      outcome: 'failed',
      detail: '',
      user: undefined,
    };
    try {
      const { status, text } = await send(`${urls[replica]}${path}`, method, token, body);
      const whole = kind !== 'chat-stream' || text.includes('event: done');
      sample.outcome = status === 200 && whole ? 'ok' : 'failed';
      if (sample.outcome === 'failed') sample.detail = `${status} ${text.slice(0, 200)}`;
      else if (kind === 'login') tokens.push(JSON.parse(text).token);
      else if (kind === 'db-test') sample.user = JSON.parse(text).user;
    } catch (error) {
      sample.outcome = (error as Error).message === 'hung' ? 'hung' : 'failed';
      sample.detail = String(error);
    }
    sample.answeredAt = performance.now();
    samples.push(sample);
  };

  await run('login', 0);
  if (tokens.length === 0) throw new Error(`The first login failed: ${samples[0]?.detail}`);

  const started = performance.now();
  const timer = setInterval(() => {
    // By elapsed time, not by ticks, so that a late tick catches up.
    const due = Math.floor(((performance.now() - started) / 1000) * rate);
    while (sent < due) {
      const done: Promise<void> = run(SCHEDULE[sent % SCHEDULE.length] ?? 'me', nextReplica()).finally(() =>
        underWay.delete(done),
      );
      underWay.add(done);
      sent += 1;
    }
  }, TICK);

  return {
    samples,
    /** Stops sending and waits for every answer. */
    async stop() {
      clearInterval(timer);
      await Promise.all(underWay);
      agent.destroy();
    },
  };
}
