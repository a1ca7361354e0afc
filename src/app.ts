/** Builds the Express application from its dependencies. Importing this file has no effect. */
import express, { type Express } from 'express';
import type { Logger } from 'pino';
import type { Database } from './clients/database/database.ts';
import type { Tokens } from './clients/jwt.ts';
import type { Chat } from './clients/openai.ts';
import { refuseAmbiguity } from './http/ambiguity.ts';
import { errorHandler, notFound } from './http/error-handler.ts';
import { type Answered, measureRequests } from './http/measure-requests.ts';
import { mountRoutes } from './http/mount.ts';
import { requestLog } from './http/request-log.ts';
import { responseHeaders } from './http/response-headers.ts';
import type { Route } from './http/route.ts';
import type { Metrics } from './metrics.ts';
import { aiChatRoutes } from './routes/ai-chat.ts';
import { authRoutes } from './routes/auth.ts';
import { configRoutes, type PublicConfig } from './routes/config.ts';
import { dbTestRoutes } from './routes/db-test.ts';
import { docsRoutes } from './routes/docs.ts';
import { healthRoutes, type Readiness } from './routes/health.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { createUsers } from './users.ts';

export interface AppDependencies {
  logger: Logger;
  database: Database;
  tokens: Tokens;
  chat: Chat;
  readiness: Readiness;
  metrics: Metrics;
  onAnswered: (request: Answered) => void;
  publicConfig: PublicConfig;
  /** Login attempts per minute and address. */
  loginRateLimit: number;
  /** Number of proxies in front of the service whose `X-Forwarded-For` is trusted. */
  trustedProxies: number;
  /** The routes of the features. */
  features: Route[];
}

export function createApp({
  logger,
  database,
  tokens,
  chat,
  readiness,
  metrics,
  onAnswered,
  publicConfig,
  features,
  ...limits
}: AppDependencies): Express {
  const routes = [
    ...healthRoutes({ readiness }),
    ...metricsRoutes({ metrics }),
    ...configRoutes({ publicConfig }),
    ...authRoutes({ users: createUsers({ database }), tokens, loginRateLimit: limits.loginRateLimit }),
    ...dbTestRoutes({ database }),
    ...aiChatRoutes({ chat }),
    ...features,
  ];

  const app = express();
  app.set('trust proxy', limits.trustedProxies);
  app.disable('x-powered-by');
  // No answer is cached, so no caller has a copy to compare.
  app.disable('etag');
  app.use(requestLog({ logger }), measureRequests({ onAnswered }), ...responseHeaders(), refuseAmbiguity);
  app.use(mountRoutes([...routes, ...docsRoutes({ routes })], { tokens }));
  app.use(notFound);
  app.use(errorHandler);
  return app;
}
