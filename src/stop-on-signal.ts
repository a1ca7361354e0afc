/** Ends the process in good order on SIGTERM or SIGINT; a second one ends it at once. */
import type { Logger } from 'pino';

/** Milliseconds for requests in flight, leases and connections to end after a signal. */
const STOP_DEADLINE = 10_000;

export function stopOnSignal(stop: () => Promise<void>, logger: Logger): void {
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
