/** One soak: a sandbox, two replicas as processes, traffic, and trouble from a seed until the time is over. */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { startSandbox } from '../sandbox/sandbox.ts';
import { type Service, startService } from '../sandbox/service.ts';
import { createRandom } from './random.ts';
import type { Bench } from './rotation-run.ts';
import { TROUBLES, type TroubleContext } from './soak-troubles.ts';
import { startWatch } from './soak-watch.ts';
import { type Sample, startTraffic } from './traffic.ts';

export interface SoakOptions {
  /** Duration of the troubles. */
  minutes: number;
  seed: number;
  /** Requests per second. Default 30. */
  rate?: number;
  /** Called after each trouble. */
  report: (line: string) => void;
}

/** Memory and resources of a replica after a forced garbage collection. */
export interface Holding {
  /** Bytes. */
  heap: number;
  /** Open sockets, timers and other resources, by kind. */
  resources: Record<string, number>;
}

export interface SoakResult {
  name: string;
  minutes: number;
  troubles: { name: string; startedAt: number; endedAt: number }[];
  samples: Sample[];
  /** Per replica: at the start, in the middle and at the end. */
  holdings: Holding[][];
  /** Milliseconds of each answer of `/ready`, and of `/health` at the same moment. */
  took: { ready: number; health: number }[];
  /** Wrong answers of `/health` and `/ready`. */
  wrongAnswers: string[];
  /** Exit reasons of the replicas after SIGTERM. */
  ends: string[];
  /** The end of their output. */
  output: string;
}

const REPLICAS = 2;
/** Seconds between two checks of a secret. */
const TTL = '2';
const LEASES = { defaultTtl: 20, maxTtl: 40 };
/** Milliseconds of traffic before the first measurement, and after the last trouble. */
const WARM_UP = 20_000;
const REST = 20_000;
const OUTPUT = 20_000;
const PROBE = new URL('./soak-probe.ts', import.meta.url).href;

export async function runSoak(bench: Bench, options: SoakOptions): Promise<SoakResult> {
  const { minutes, seed, rate = 30, report } = options;
  const random = createRandom(seed);
  const { name, provider } = bench;
  const sandbox = await startSandbox({ provider, leases: bench.leases && LEASES });
  const services: Service[] = [];
  let output = '';
  try {
    const environment = {
      ...sandbox.environment,
      SECRET_TTL: TTL,
      LOGIN_RATE_LIMIT: '1000000',
      LOG_LEVEL: 'warn',
      NODE_OPTIONS: `--import=${PROBE}`,
    };
    for (let replica = 0; replica < REPLICAS; replica += 1) {
      const service = startService({ environment, reaper: sandbox.reaper });
      for (const stream of [service.process.stdout, service.process.stderr])
        stream?.on('data', (chunk) => {
          output = (output + chunk).slice(-OUTPUT);
        });
      services.push(service);
      if (!(await service.ready)) throw new Error(`A replica did not start:\n${output}`);
    }
    let crash: string | undefined;
    for (const service of services) void service.ended.then((end) => (crash ??= end));

    const urls = services.map(({ url }) => url);
    const traffic = await startTraffic({ urls, user: sandbox.user, rate });
    let calmSince = performance.now();
    let awaySince = Number.NaN;
    const watch = startWatch({
      urls,
      calmFor: () => performance.now() - calmSince,
      databaseAwayFor: () => (Number.isNaN(awaySince) ? 0 : performance.now() - awaySince),
    });
    const holdings: Holding[][] = [];
    const measure = async () => {
      if (crash !== undefined) throw new Error(`A replica ended with ${crash}:\n${output}`);
      // A garbage collection stops a replica for a moment.
      calmSince = Number.POSITIVE_INFINITY;
      holdings.push(await Promise.all(services.map(holdingOf)));
      calmSince = performance.now();
    };
    const troubles: SoakResult['troubles'] = [];
    const context: Omit<TroubleContext, 'report'> = {
      sandbox,
      bench,
      random,
      ttl: TTL,
      databaseAway: (isAway: boolean) => {
        awaySince = isAway ? performance.now() : Number.NaN;
      },
    };

    const makeTrouble = async (until: number) => {
      while (performance.now() < until && crash === undefined) {
        const trouble = random.pick(TROUBLES.filter(({ fits }) => fits?.(sandbox) ?? true));
        const startedAt = performance.now();
        let details = '';
        calmSince = Number.POSITIVE_INFINITY;
        await trouble.run({ ...context, report: (detail) => (details += ` (${detail})`) });
        calmSince = performance.now();
        troubles.push({ name: `${trouble.name}${details}`, startedAt, endedAt: calmSince });
        report(`${name} ${((startedAt - began) / 1000).toFixed(0)} s: ${trouble.name}${details}`);
        await delay(random.between(500, 6_000));
      }
    };

    await delay(WARM_UP);
    await measure();
    const began = performance.now();
    await makeTrouble(began + minutes * 30_000);
    await delay(REST);
    await measure();
    await makeTrouble(performance.now() + minutes * 30_000);
    // First, because callers that had to wait came on many connections and keep them.
    await traffic.stop();
    await delay(REST);
    await measure();
    watch.stop();
    await Promise.all(services.map((service) => service.stop()));
    return {
      name,
      minutes,
      troubles,
      samples: traffic.samples,
      holdings,
      took: watch.took,
      wrongAnswers: watch.wrong,
      ends: await Promise.all(services.map(({ ended }) => ended)),
      output,
    };
  } finally {
    await Promise.all(services.map((service) => service.stop()));
    await sandbox.close();
  }
}

async function holdingOf({ process }: Service): Promise<Holding> {
  const answer = once(process, 'message');
  process.send({ kind: 'measure' });
  const [{ heap, resources }] = await answer;
  return { heap, resources };
}
