/** `npm run dev`: starts the sandbox and the service, and restarts the service when a file under `src/` changes. */
import pretty from 'pino-pretty';
import { parseSandboxOptions } from './arguments.ts';
import { startControl } from './control.ts';
import { startSandbox } from './sandbox.ts';
import { isFree, type Service, startService } from './service.ts';
import { sandboxTtl } from './service-environment.ts';
import { summary } from './summary.ts';
import { unlessStopped, untilStopped } from './until-stopped.ts';
import { watchSources } from './watch-sources.ts';

const started = performance.now();
const stopped = untilStopped().then((reason) => ({ event: 'stop' as const, reason }));
const options = parseSandboxOptions();

const sandbox = await unlessStopped(stopped, startSandbox(options));
const control = await startControl({ sandbox });
const sources = watchSources();
/** Kept across restarts. 0: the system chooses. */
let port = options.port !== 0 && (await isFree(options.port)) ? options.port : 0;

const environment = {
  ...sandbox.environment,
  SECRET_TTL: sandboxTtl(),
  SANDBOX_CONTROL_URL: control.url,
};

const launch = (): Service => {
  const service = startService({ environment, port, reaper: sandbox.reaper });
  const logs = pretty({
    colorize: process.stdout.isTTY === true,
    singleLine: true,
    ignore: 'pid,hostname',
    sync: true,
  });
  service.process.stdout?.pipe(logs);
  service.process.stderr?.pipe(process.stderr, { end: false });
  return service;
};

const crashed = sandbox.crashed.then((reason) => ({ event: 'crash' as const, reason }));
let service = launch();
let exitCode = 0;
for (let launches = 1; ; launches += 1) {
  const isReady = await Promise.race([service.ready, stopped]);
  if (isReady === true) port = Number(new URL(service.url).port);
  // Another process took the port first, for example a second `npm run dev`.
  if (isReady === false && launches === 1 && port !== 0 && !(await isFree(port))) {
    port = 0;
    service = launch();
    launches = 0;
    continue;
  }
  if (isReady === true && launches === 1)
    console.log(summary({ sandbox, service, control, seconds: (performance.now() - started) / 1000 }));
  if (isReady === false && launches > 1)
    console.log('The service did not start; its log says why. Waiting for the next edit.');

  // After an edit, a service that fails to start waits for the next edit. Every other exit is a crash.
  const mayHaveFailed = isReady === false && launches > 1;
  const serviceEnded = service.ended.then((reason) => ({
    event: 'crash' as const,
    reason: `the service: ${reason}`,
  }));
  const edited = sources.next().then(() => ({ event: 'edit' as const, reason: '' }));
  const { event, reason } = await Promise.race([
    stopped,
    edited,
    crashed,
    ...(mayHaveFailed ? [] : [serviceEnded]),
  ]);
  if (event === 'edit') {
    await service.stop();
    service = launch();
    continue;
  }
  if (event === 'crash') {
    console.error(`Stopped because a part of it ended: ${reason}`);
    exitCode = 1;
  }
  break;
}

sources.close();
await service.stop();
await control.close();
await sandbox.close();
process.exit(exitCode);
