/**
 * Composition root: reads top-down as the order of start and stop. Exit codes: 0 after an orderly stop, 78
 * when a person must mend something, 75 when starting again later can succeed, 1 otherwise.
 */
import { createApp } from './app.ts';
import { createDatabase } from './clients/database.ts';
import { proveDatabase } from './clients/database-startup.ts';
import { createTokens } from './clients/jwt.ts';
import { createChat } from './clients/openai.ts';
import { systemClock as clock } from './clock.ts';
import { loadConfig } from './config.ts';
import { StartupError } from './errors.ts';
import type { Feature } from './features/feature.ts';
import * as featureIndex from './features/index.ts';
import { startHttpServer } from './http-server.ts';
import { createLogger } from './logger.ts';
import { createReadiness } from './readiness.ts';
import { databaseSchema, FIELDS, jwtSchema, openaiSchema } from './secrets/schemas.ts';
import { createSecretStore } from './secrets/store.ts';

const features: Feature[] = Object.values(featureIndex);

/** Milliseconds for requests in flight, leases and connections to end after a signal. */
const STOP_DEADLINE = 10_000;

try {
  await main();
} catch (error) {
  // Written and not logged: a report is for people, and it must appear whatever LOG_LEVEL says.
  process.stderr.write(error instanceof StartupError ? `${error.report()}\n` : `${(error as Error).stack}\n`);
  process.exit(error instanceof StartupError ? error.exitCode : 1);
}

async function main() {
  const config = loadConfig(process.env, features);
  const logger = createLogger({ level: config.logLevel });
  const deadline = clock.now() + config.startupTimeout;

  const provider = await config.createProvider();
  const store = createSecretStore({ provider, clock, logger, ttl: config.secretTtl });
  const names = config.secretNames;
  const databaseSecret = store.require({
    id: 'database',
    name: names.database,
    schema: databaseSchema,
    fields: FIELDS.database,
  });
  const jwtSecret = store.require({
    id: 'jwt',
    name: names.jwt,
    schema: jwtSchema,
    fields: FIELDS.jwt,
    history: true,
  });
  const openaiSecret = store.require({
    id: 'openai',
    name: names.openai,
    schema: openaiSchema,
    fields: FIELDS.openai,
  });
  await store.load({ timeout: config.startupTimeout });

  const database = createDatabase({ secret: databaseSecret, clock, logger });
  await proveDatabase({ database, secret: databaseSecret, clock, logger, timeout: deadline - clock.now() });

  const context = { config, provider, store, database, clock, logger };
  const running = await Promise.all(
    features.map((feature) => feature.create(context, config.settingsOf(feature))),
  );

  const readiness = createReadiness({ database, store, clock });
  const app = createApp({
    logger,
    database,
    tokens: createTokens({ secret: jwtSecret, clock, propagation: config.keyPropagation }),
    chat: createChat({ secret: openaiSecret, clock }),
    readiness,
    publicConfig: {
      provider: config.secretProvider,
      environment: config.environment,
      secrets: store.status().map(({ id }) => id),
    },
    loginRateLimit: config.loginRateLimit,
    trustedProxies: config.trustedProxies,
    features: running.flatMap(({ routes }) => routes),
  });

  const server = await startHttpServer(app, { host: config.host, port: config.port, clock });
  logger.info(
    { port: server.port, provider: config.secretProvider, startupMs: Math.round(clock.now()) },
    'listening',
  );
  // For whoever started this process with a channel to it, as process managers and `npm run dev` do.
  process.send?.({ kind: 'listening', port: server.port });

  /** Not ready at once; requests in flight finish; then everything is given back in the reverse order. */
  const stop = async () => {
    readiness.stop();
    const cut = await server.stop();
    if (cut > 0) logger.warn({ requests: cut }, 'ended before every answer had');
    for (const feature of running.toReversed()) await feature.close?.();
    await database.close();
    await store.close();
  };

  let stopping = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1);
    stopping = true;
    logger.info({ signal }, 'stopping');
    setTimeout(() => {
      logger.error('not everything ended in time');
      process.exit(1);
    }, STOP_DEADLINE).unref();
    stop().then(
      () => {
        logger.info('stopped');
        process.exit(0);
      },
      (error) => {
        logger.error({ err: error }, 'stopping failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}
