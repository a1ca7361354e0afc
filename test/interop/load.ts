/** A steady mix of requests to the service: counts failed and hung ones, and records what the answers show. */
import { setTimeout as delay } from 'node:timers/promises';

const WORKERS = 6;
/** Milliseconds of pause of a worker after each request. */
const PAUSE = 10;
/** Milliseconds after which a request counts as hung. */
const PATIENCE = 10_000;
/** Milliseconds between two logins. */
const RENEWAL = 300;

export interface LoadOptions {
  url: string;
  user: { email: string; password: string };
}

/** Content of the latest answers. */
export interface Seen {
  databaseUser: string;
  /** `kid` of the latest token. */
  keyId: string;
}

export interface LoadResult {
  requests: number;
  perSecond: number;
  failed: string[];
  hung: number;
  /** Number of keys that signed tokens. */
  keyIds: number;
  databaseUsers: string[];
}

export async function startLoad({ url, user }: LoadOptions) {
  const started = performance.now();
  const result = { requests: 0, failed: [] as string[], hung: 0 };
  const [keyIds, databaseUsers] = [new Set<string>(), new Set<string>()];
  const seen: Seen = { databaseUser: '', keyId: '' };
  let stopping = false;
  let token = '';

  const request = async (path: string, body?: object): Promise<string> => {
    result.requests += 1;
    try {
      const response = await fetch(`${url}${path}`, {
        method: body ? 'POST' : 'GET',
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(PATIENCE),
      });
      const text = await response.text();
      if (response.ok) return text;
      result.failed.push(`${path}: ${response.status} ${text}`);
    } catch (error) {
      const { name, cause } = error as Error;
      if (name === 'TimeoutError') result.hung += 1;
      else result.failed.push(`${path}: ${cause ?? error}`);
    }
    return '';
  };
  const expect = (text: string, pattern: RegExp, path: string) => {
    // The failure was counted where it happened.
    if (text && !pattern.test(text)) result.failed.push(`${path}: ${text}`);
  };

  const logIn = async () => {
    const answer = await request('/auth/login', user);
    if (!answer) return;
    token = JSON.parse(answer).token;
    seen.keyId = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;
    keyIds.add(seen.keyId);
  };

  const mixture = [
    async () => expect(await request('/auth/me'), /ada@example\.com/, '/auth/me'),
    async () => {
      const answer = await request('/db-test', {});
      if (!answer) return;
      seen.databaseUser = JSON.parse(answer).user;
      databaseUsers.add(seen.databaseUser);
    },
    async () => expect(await request('/ai/chat', { message: 'hello' }), /You said: hello/, '/ai/chat'),
    async () =>
      expect(
        await request('/ai/chat', { message: 'hi', stream: true }),
        /\nevent: done/,
        '/ai/chat, streamed',
      ),
  ];

  const work = async (offset: number) => {
    for (let turn = offset; !stopping; turn += 1) {
      await mixture[turn % mixture.length]?.();
      await delay(PAUSE);
    }
  };
  const renew = async () => {
    while (!stopping) {
      await delay(RENEWAL);
      await logIn();
    }
  };

  await logIn();
  const workers = [...Array.from({ length: WORKERS }, (_, index) => work(index)), renew()];

  return {
    seen: (): Seen => ({ ...seen }),
    /** Resolves when the answers show the condition. @throws Error after ten seconds */
    async until(what: string, isSo: (seen: Seen) => boolean) {
      const deadline = performance.now() + 10_000;
      while (!isSo(seen)) {
        if (performance.now() > deadline) throw new Error(`${what}: not within ten seconds`);
        await delay(20);
      }
    },
    async stop(): Promise<LoadResult> {
      stopping = true;
      await Promise.all(workers);
      const seconds = (performance.now() - started) / 1000;
      return {
        ...result,
        perSecond: Math.round(result.requests / seconds),
        keyIds: keyIds.size,
        databaseUsers: [...databaseUsers].sort(),
      };
    },
  };
}
