/** The application with stubbed clients, for tests of its answers. */
import { type AppDependencies, createApp } from '../../src/app.ts';
import type { Database } from '../../src/clients/database/database.ts';
import { InvalidTokenError, type Tokens } from '../../src/clients/jwt.ts';
import type { Chat } from '../../src/clients/openai.ts';
import type { Route } from '../../src/http/route.ts';
import { createMetrics } from '../../src/metrics.ts';
import { hashPassword } from '../../src/passwords.ts';
import { createFakeClock } from './clock.ts';
import { createRecordingLogger } from './logger.ts';

export const PASSWORD = 'correct horse';
const password_hash = await hashPassword(PASSWORD);
export const ada = { id: '42', email: 'ada@example.com', role: 'admin' };

/** Accepts one token, `good`, of the user ada. */
const oneToken: Tokens = {
  sign: () => ({ token: 'good', expiresIn: 60 }),
  async verify(token) {
    if (token !== 'good') throw new InvalidTokenError('no');
    return { sub: ada.id, email: ada.email, role: ada.role };
  },
};
export const authorized = { Authorization: 'Bearer good' };

export const rows = (result: object[]) =>
  (async () => ({ rows: result, rowCount: result.length })) as unknown as Database['read'];

const unused = () => Promise.reject(new Error('not used here'));
const IDLE = { version: '1', connections: { busy: 0, idle: 0, waiting: 0 }, draining: 0 };

export interface TestAppOptions
  extends Partial<Pick<AppDependencies, 'tokens' | 'loginRateLimit' | 'trustedProxies'>> {
  /** The database's answer. Default: ada's row. */
  read?: Database['read'];
  chat?: Partial<Chat>;
  /** Components that are not ready. */
  failing?: string[];
  /** The routes of a feature. */
  features?: Route[];
}

export function createTestApp({
  read = rows([{ ...ada, password_hash }]),
  chat = {},
  failing = [],
  tokens = oneToken,
  loginRateLimit = 5,
  trustedProxies = 0,
  features = [],
}: TestAppOptions = {}) {
  const { logger, lines } = createRecordingLogger();
  const app = createApp({
    logger,
    database: { query: unused, read, withClient: unused, start: unused, close: unused, status: () => IDLE },
    tokens,
    chat: { complete: async (message) => `echo ${message}`, stream: unused, ...chat },
    metrics: createMetrics({ provider: 'vault', clock: createFakeClock() }),
    onAnswered: () => {},
    readiness: { check: async () => failing },
    publicConfig: { provider: 'vault', environment: 'test', secrets: ['database', 'jwt', 'openai'] },
    loginRateLimit,
    trustedProxies,
    features,
  });
  return { app, lines };
}
