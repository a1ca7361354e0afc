/** The application with stubbed clients on a real port. */
import { systemClock as clock } from '../../src/clock.ts';
import { startHttpServer, type TimeLimits } from '../../src/http/server.ts';
import { createTestApp, type TestAppOptions } from './app.ts';

export async function serveTestApp({ limits, ...options }: TestAppOptions & { limits?: TimeLimits } = {}) {
  const { app, lines } = createTestApp(options);
  const server = await startHttpServer(app, { host: '127.0.0.1', port: 0, clock, ...(limits && { limits }) });
  return {
    port: server.port,
    url: `http://127.0.0.1:${server.port}`,
    /** The logged lines. */
    lines,
    close: () => server.stop(),
  };
}
