/** The Express application, built from what it is given. Importing this file does nothing. */
import express, { type Express } from 'express';
import helmet from 'helmet';
import type { Logger } from 'pino';
import type { Database } from './clients/database.ts';
import type { Tokens } from './clients/jwt.ts';
import type { Chat } from './clients/openai.ts';
import { authenticate } from './middleware/authenticate.ts';
import { errorHandler, notFound } from './middleware/error-handler.ts';
import { jsonBody } from './middleware/json-body.ts';
import { requestLog } from './middleware/request-log.ts';
import { aiChatRoutes } from './routes/ai-chat.ts';
import { authRoutes } from './routes/auth.ts';
import { configRoutes, type PublicConfig } from './routes/config.ts';
import { dbTestRoutes } from './routes/db-test.ts';
import { healthRoutes, type Readiness } from './routes/health.ts';
import { createUsers } from './users.ts';

export interface AppDependencies {
  logger: Logger;
  database: Database;
  tokens: Tokens;
  chat: Chat;
  readiness: Readiness;
  publicConfig: PublicConfig;
  /** Attempts to log in per minute and address. */
  loginRateLimit: number;
  /** Proxies in front of the service, whose word on the caller's address is believed. */
  trustedProxies: number;
}

export function createApp({
  logger,
  database,
  tokens,
  chat,
  readiness,
  publicConfig,
  ...limits
}: AppDependencies): Express {
  const authenticated = authenticate({ tokens });

  const app = express();
  app.set('trust proxy', limits.trustedProxies);
  app.disable('x-powered-by');
  app.use(requestLog({ logger }), helmet());
  app.use(healthRoutes({ readiness }));
  app.use(jsonBody());
  app.use(configRoutes({ publicConfig }));
  app.use(
    authRoutes({
      users: createUsers({ database }),
      tokens,
      authenticated,
      loginRateLimit: limits.loginRateLimit,
    }),
  );
  app.use(dbTestRoutes({ database, authenticated }));
  app.use(aiChatRoutes({ chat, authenticated }));
  app.use(notFound);
  app.use(errorHandler);
  return app;
}
