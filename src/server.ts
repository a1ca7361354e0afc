/**
 * The process: configuration, service, port, signals. Exit codes: 0 after an orderly stop, 78 when a person must fix
 * something, 75 when starting again later can succeed, 1 otherwise.
 */
import type { Logger } from 'pino';
import { FEATURES } from './all-features.ts';
import { systemClock as clock } from './clock.ts';
import { loadConfig } from './config.ts';
import { StartupError } from './errors.ts';
import { startHttpServer } from './http/server.ts';
import { createLogger } from './logger.ts';
import { createService } from './service.ts';

/** Milliseconds for requests in flight, leases and connections to end after a signal. */
const STOP_DEADLINE = 10_000;

try {
  await main();
} catch (error) {
  // Written and not logged: the report is for people, and LOG_LEVEL must not hide it.
  process.stderr.write(error instanceof StartupError ? `${error.report()}\n` : `${(error as Error).stack}\n`);
  process.exit(error instanceof StartupError ? error.exitCode : 1);
}

async function main() {
  const config = loadConfig(process.env, FEATURES);
  const logger = createLogger({ level: config.logLevel });
  // Registered first: the first process of a container ignores signals without a listener.
  let stop = async () => {};
  stopOnSignal(() => stop(), logger);

  const provider = await config.createProvider();
  const service = await createService({ config, provider, features: FEATURES, clock, logger });

  const server = await startHttpServer(service.app, { host: config.host, port: config.port, clock });
  logger.info(
    { port: server.port, provider: config.backend.name, startupMs: Math.round(clock.now()) },
    'listening',
  );
  // For a parent with an IPC channel, such as process managers and `npm run dev`.
  process.send?.({ kind: 'listening', port: server.port });

  /** Not ready at once. Requests in flight finish, then resources are released in reverse order. */
  stop = async () => {
    service.readiness.stop();
    const cut = await server.stop();
    if (cut > 0) logger.warn({ requests: cut }, 'stopped with incomplete answers');
    await service.close();
  };
}

/** Stops the process in order on SIGTERM or SIGINT. A second signal ends it at once. */
function stopOnSignal(stop: () => Promise<void>, logger: Logger): void {
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1);
    stopping = true;
    logger.info({ signal }, 'stopping');
    setTimeout(() => {
      logger.error('the stop took too long');
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
