/**
 * The service without its process and its port: reads top-down as the order of start and, at the end, of stop. Tests
 * start it as `server.ts` does, with a clock of theirs.
 */
import type { Express } from 'express';
import type { Logger } from 'pino';
import { createApp } from './app.ts';
import { proveDatabase } from './clients/database/startup.ts';
import { createClients } from './clients/index.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import { declaredSecrets, type FeatureSecret } from './declared-secrets.ts';
import type { Feature } from './features/feature.ts';
import { runFeatures } from './features/run-features.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { createReadiness } from './readiness.ts';
import type { Readiness } from './routes/health.ts';
import { requireSecrets } from './secrets/live-secrets.ts';
import { measuredProvider } from './secrets/measured-provider.ts';
import { createOnDemandSecrets } from './secrets/on-demand.ts';
import type { SecretProvider } from './secrets/provider.ts';
import { SECRETS } from './secrets/schemas.ts';
import { createSecretStore, type SecretStore } from './secrets/store.ts';

export interface ServiceOptions {
  config: Config;
  provider: SecretProvider;
  features: readonly Feature[];
  clock: Clock;
  logger: Logger;
  /** Uniform in [0, 1), for jitter. Default Math.random. */
  random?: () => number;
}

export interface Service {
  app: Express;
  store: SecretStore;
  /** `stop` says that the service is no longer ready, and ends what would not end by itself. */
  readiness: Readiness & { stop(): void };
  /** Gives everything back, once no request is in flight. */
  close(): Promise<void>;
}

/** @throws StartupError with every secret or server that is not usable */
export async function createService({
  config,
  provider,
  features,
  clock,
  logger,
  random = Math.random,
}: ServiceOptions): Promise<Service> {
  const deadline = clock.now() + config.startupTimeout;
  const metrics = createMetrics({ provider: provider.name, clock });
  const measured = measuredProvider(provider, { clock, onCall: metrics.called });
  const store = createSecretStore({ provider: measured, clock, logger, ttl: config.secretTtl, random });
  const own: Record<string, FeatureSecret> = Object.assign({}, ...features.map(({ secrets }) => secrets));
  const live = {
    ...requireSecrets(store, own, config.nameOf),
    ...requireSecrets(store, SECRETS, config.nameOf),
  };
  await store.load({ timeout: config.startupTimeout });

  const clients = createClients({ live, clock, logger, keyPropagation: config.keyPropagation });
  const { database } = clients;
  await proveDatabase({ database, secret: live.database, clock, logger, timeout: deadline - clock.now() });

  metrics.watch({ store, database });

  const secrets = createOnDemandSecrets({
    provider: store.provider,
    openWriter: async () => measuredProvider(await config.createWriter(), { clock, onCall: metrics.called }),
    nameOf: config.nameOf,
    written: store.written,
    clock,
    logger,
    random,
  });
  const answered = new Set([metrics.answered]);
  const requests = { onAnswered: (listener: Metrics['answered']) => void answered.add(listener) };
  const stopping = new AbortController();
  const context = {
    config,
    provider: store.provider,
    store,
    live,
    secrets,
    ...clients,
    declared: declaredSecrets(features),
    requests,
    stopping: stopping.signal,
    clock,
    logger,
  };
  const running = await runFeatures(features, context, config.settingsOf);

  const readiness = createReadiness({ database, store, clock });
  const app = createApp({
    logger,
    ...clients,
    readiness,
    metrics,
    onAnswered(request) {
      for (const listener of answered) listener(request);
    },
    publicConfig: {
      provider: config.backend.name,
      environment: config.environment,
      secrets: store.status().map(({ id }) => id),
    },
    loginRateLimit: config.loginRateLimit,
    trustedProxies: config.trustedProxies,
    features: running.flatMap(({ routes }) => routes),
  });

  return {
    app,
    store,
    readiness: {
      ...readiness,
      stop() {
        readiness.stop();
        stopping.abort();
      },
    },
    async close() {
      for (const feature of running.toReversed()) await feature.close?.();
      await database.close();
      await secrets.close();
      await store.close();
    },
  };
}
