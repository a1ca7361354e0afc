/** The service as a process on the sandbox, with one caller per role and the OpenAPI document that it publishes. */
import assert from 'node:assert/strict';
import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { Client } from 'pg';
import { startSandbox } from '../../sandbox/sandbox.ts';
import { startService } from '../../sandbox/service.ts';
import { hashPassword } from '../../src/passwords.ts';
import { type Answer, readContract } from './contract.ts';

export const CALLERS = ['anonymous', 'user', 'admin'] as const;
export type Caller = (typeof CALLERS)[number];

/** The password in the document's example. */
const PASSWORD = 'correct horse battery staple';
const LOGINS = { user: 'bob@example.com', admin: 'ada@example.com' };

/** Milliseconds after which a request counts as unanswered. */
const PATIENCE = 60_000;

export type Api = Awaited<ReturnType<typeof startApi>>;

export interface SentRequest {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Buffer | undefined;
}

export async function startApi() {
  const sandbox = await startSandbox({ provider: 'vault' });
  await createUsers(sandbox.credentials());
  const service = startService({
    environment: {
      ...sandbox.environment,
      LOGIN_RATE_LIMIT: '1000000',
      CREDENTIALS_RATE_LIMIT: '1000000',
      ADMIN_SECRETS: 'enabled',
    },
    reaper: sandbox.reaper,
  });
  const agent = new Agent({ keepAlive: true });
  let output = '';
  for (const stream of [service.process.stdout, service.process.stderr])
    stream?.on('data', (chunk) => {
      output += chunk;
    });
  assert.ok(await service.ready, output);

  const send = (path: string, { method = 'GET', headers = {}, body }: SentRequest = {}) =>
    new Promise<Answer>((resolve, reject) => {
      const sent = request(service.url, {
        path,
        method,
        // Node adds no Content-Length to a GET.
        headers: body === undefined ? headers : { ...headers, 'Content-Length': Buffer.byteLength(body) },
        agent,
        signal: AbortSignal.timeout(PATIENCE),
      });
      sent.once('error', reject);
      sent.once('response', async (response) => {
        const headers = new Headers(
          Object.entries(response.headers).map(([name, value]) => [name, String(value)]),
        );
        resolve({ status: response.statusCode ?? 0, headers, text: await textOf(response) });
      });
      sent.end(body);
    });
  const logIn = async (email: string) => {
    const body = JSON.stringify({ email, password: PASSWORD });
    const answer = await send('/auth/login', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body,
    });
    assert.equal(answer.status, 200, answer.text);
    return JSON.parse(answer.text).token as string;
  };

  const [user, admin] = [await logIn(LOGINS.user), await logIn(LOGINS.admin)];
  const document = await send('/openapi.json');
  return {
    operations: readContract(JSON.parse(document.text)),
    document: JSON.parse(document.text) as Record<string, unknown>,
    send,
    /** The credentials of a caller. */
    authorization: { anonymous: {}, user: bearer(user), admin: bearer(admin) } as Record<
      Caller,
      Record<string, string>
    >,
    output: () => output,
    async close() {
      agent.destroy();
      await service.stop();
      await sandbox.close();
    },
  };
}

/** A stream of events may have no end: its first event is enough. */
async function textOf(response: IncomingMessage): Promise<string> {
  if (!response.headers['content-type']?.startsWith('text/event-stream')) return text(response);
  for await (const chunk of response) return String(chunk);
  return '';
}

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

/** Gives the sandbox's user another password and adds a second user. */
async function createUsers({ username, dbname, ...rest }: { username: string; dbname: string }) {
  const client = new Client({ ...rest, user: username, database: dbname });
  await client.connect();
  const hash = await hashPassword(PASSWORD);
  await client.query('UPDATE users SET password_hash = $1 WHERE email = $2', [hash, LOGINS.admin]);
  await client.query('INSERT INTO users (email, password_hash) VALUES ($1, $2)', [LOGINS.user, hash]);
  await client.end();
}
