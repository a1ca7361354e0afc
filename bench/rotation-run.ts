/** One run of the rotation bench: a sandbox, two replicas as processes, traffic, and rotations. */
import { setTimeout as delay } from 'node:timers/promises';
import type { BackendName } from '../sandbox/backends.ts';
import { ROTATABLE, type Rotatable, type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { startSecretsCommand } from '../sandbox/secrets-command.ts';
import { type Service, startService } from '../sandbox/service.ts';
import { rotateFile } from './rotate-files.ts';
import { type Sample, startTraffic } from './traffic.ts';

export interface Bench {
  name: string;
  provider: BackendName;
  /** Lifetime in seconds of database logins that Vault creates: they rotate by themselves. */
  leases?: { defaultTtl: number; maxTtl: number };
}

export const BENCHES: Bench[] = [
  { name: 'aws', provider: 'aws' },
  { name: 'vault', provider: 'vault' },
  { name: 'vault-dynamic', provider: 'vault', leases: { defaultTtl: 4, maxTtl: 8 } },
  { name: 'azure', provider: 'azure' },
  { name: 'file', provider: 'file' },
];

export interface Rotation {
  secret: Rotatable;
  startedAt: number;
  endedAt: number;
}

export interface BenchResult {
  name: string;
  samples: Sample[];
  rotations: Rotation[];
  /** Database users that answered, by replica. */
  databaseUsers: Set<string>[];
  /** Values read from the backend by all replicas after they were ready. Undefined for files, where reads are not counted. */
  valueReads: number | undefined;
  replicas: number;
  /** Whether database logins rotate by themselves. */
  leased: boolean;
}

export interface BenchOptions {
  /** How often every secret rotates. */
  rounds: number;
  /** Requests per second. Default 60. */
  rate?: number;
}

const REPLICAS = 2;
/** Seconds between two checks of a secret. */
const TTL = '2';
/** Milliseconds of traffic without a rotation, before the first round and between two rounds, as the baseline. */
const QUIET = 3_000;

export async function runRotationBench(
  bench: Bench,
  { rounds, rate = 60 }: BenchOptions,
): Promise<BenchResult> {
  const { name, provider, leases } = bench;
  const sandbox = await startSandbox({ provider, leases });
  const services: Service[] = [];
  let output = '';
  try {
    const environment = {
      ...sandbox.environment,
      SECRET_TTL: TTL,
      LOGIN_RATE_LIMIT: '100000',
      LOG_LEVEL: 'warn',
    };
    for (let replica = 0; replica < REPLICAS; replica += 1) {
      const service = startService({ environment, reaper: sandbox.reaper });
      for (const stream of [service.process.stdout, service.process.stderr])
        stream?.on('data', (chunk) => {
          output += chunk;
        });
      services.push(service);
      if (!(await service.ready)) throw new Error(`A replica did not start:\n${output}`);
    }

    const urls = services.map(({ url }) => url);
    const traffic = await startTraffic({ urls, user: sandbox.user, rate });
    const readsBefore = sandbox.backend.reads?.value ?? 0;
    const rotations: Rotation[] = [];
    await delay(QUIET);
    for (let round = 0; round < rounds; round += 1) {
      for (const secret of ROTATABLE) {
        const startedAt = performance.now();
        await rotate(sandbox, secret, bench);
        rotations.push({ secret, startedAt, endedAt: performance.now() });
      }
      await delay(QUIET);
    }
    await traffic.stop();

    const databaseUsers = urls.map(
      (_, replica) =>
        new Set(
          traffic.samples.flatMap((sample) =>
            sample.replica === replica && sample.user ? [sample.user] : [],
          ),
        ),
    );
    const reads = sandbox.backend.reads?.value;
    return {
      name,
      samples: traffic.samples,
      rotations,
      databaseUsers,
      valueReads: reads === undefined ? undefined : reads - readsBefore,
      replicas: REPLICAS,
      leased: leases !== undefined,
    };
  } finally {
    await Promise.all(services.map((service) => service.stop()));
    await sandbox.close();
  }
}

/** Rotates with `npm run secrets`, as in production. */
async function rotate(sandbox: Sandbox, secret: Rotatable, { provider, leases }: Bench): Promise<void> {
  // Leased logins rotate by themselves. A round waits for that.
  if (secret === 'database' && leases) {
    await delay(leases.maxTtl * 1000);
    return;
  }
  if (provider === 'file') {
    await rotateFile(sandbox, secret);
    return;
  }
  const force = secret === 'jwt' ? ['--force'] : [];
  const command = startSecretsCommand(sandbox, {
    parameters: ['rotate', secret, ...force],
    settings: { SECRET_TTL: TTL },
  });
  const { code, lines } = await command.ended;
  if (code !== 0) throw new Error(`rotate ${secret} ended with ${code}:\n${lines.join('\n')}`);
}
