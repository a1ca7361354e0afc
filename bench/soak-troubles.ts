/** The troubles of a soak and their duration. No request may fail because of one. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import type { Fault } from '../sandbox/faults.ts';
import { ROTATABLE, type Rotatable, type Sandbox } from '../sandbox/sandbox.ts';
import { startSecretsCommand } from '../sandbox/secrets-command.ts';
import type { Random } from './random.ts';
import { rotateFile } from './rotate-files.ts';
import type { Bench } from './rotation-run.ts';

export interface TroubleContext {
  sandbox: Sandbox;
  bench: Bench;
  random: Random;
  /** Seconds between two checks of a secret, as configured in the replicas. */
  ttl: string;
  /** Adds a detail to the log. */
  report: (detail: string) => void;
  /** Reports that PostgreSQL is stopped. */
  databaseAway: (isAway: boolean) => void;
}

interface Trouble {
  name: string;
  /** Default: every backend. */
  fits?: (sandbox: Sandbox) => boolean;
  run: (context: TroubleContext) => Promise<void>;
}

/** Or the backend refuses connections. */
const FAULTS: (Fault | { kind: 'refused' })[] = [
  { kind: 'refused' },
  { kind: 'latency', milliseconds: 2_000 },
  { kind: 'hang' },
  { kind: 'slow-body' },
  { kind: 'reset' },
  { kind: 'malformed' },
  { kind: 'portal' },
  { kind: 'throttled' },
  { kind: 'unavailable' },
  { kind: 'denied' },
  { kind: 'identity' },
  { kind: 'expired' },
  { kind: 'sealed' },
  { kind: 'standby' },
];

/** Milliseconds. */
const SHORT = [1_000, 6_000] as const;
const LONG = [6_000, 14_000] as const;

const hasNetwork = ({ backend }: Sandbox) => backend.faults !== undefined;

/** Breaks the backend while `meanwhile` runs. */
async function withFault(
  { sandbox, random, report }: TroubleContext,
  meanwhile: () => Promise<unknown>,
): Promise<void> {
  const { faults, listening } = sandbox.backend;
  const fault = random.pick(FAULTS);
  report(fault.kind);
  if (fault.kind === 'refused') {
    await listening?.refuse();
    await meanwhile().finally(() => listening?.accept());
    return;
  }
  const remove = faults?.inject(fault);
  await meanwhile().finally(() => remove?.());
}

const rotateHard = ({ sandbox, random }: TroubleContext) => sandbox.rotate(random.pick(ROTATABLE));

async function restartDatabase({ sandbox, random, databaseAway }: TroubleContext): Promise<void> {
  databaseAway(true);
  await sandbox.postgres.restart({ after: random.between(0, 5_000) });
  databaseAway(false);
}

/** Rotates with `npm run secrets`. */
async function rotate({ sandbox, bench, random, ttl }: TroubleContext): Promise<void> {
  const secret = random.pick(ROTATABLE);
  // Leased logins rotate by themselves.
  if (secret === 'database' && bench.leases) return;
  if (bench.provider === 'file') return rotateFile(sandbox, secret);
  const parameters = ['rotate', secret, '--timeout', '120', ...(secret === 'jwt' ? ['--force'] : [])];
  const { code, lines } = await startSecretsCommand(sandbox, { parameters, settings: { SECRET_TTL: ttl } })
    .ended;
  if (code !== 0) throw new Error(`rotate ${secret} ended with ${code}:\n${lines.join('\n')}`);
}

/** Creates another login and drops the one in use, with all its connections. */
async function dropLogin({ sandbox }: TroubleContext): Promise<void> {
  const administrator = new Client({ ...sandbox.postgres.connection, database: 'myapp' });
  await administrator.connect();
  try {
    const { rows } = await administrator.query<{ name: string }>(
      "SELECT rolname AS name FROM pg_roles WHERE rolname IN ('myapp_a', 'myapp_b') ORDER BY rolcanlogin DESC",
    );
    const old = rows[0]?.name ?? 'myapp_a';
    const username = old === 'myapp_a' ? 'myapp_b' : 'myapp_a';
    const password = randomBytes(24).toString('base64url');
    const verb = rows.some(({ name }) => name === username) ? 'ALTER' : 'CREATE';
    await administrator.query(`${verb} ROLE ${username} LOGIN PASSWORD '${password}'`);
    await administrator.query(
      `GRANT myapp_app TO ${username};
       GRANT ${username} TO myapp_administrator WITH ADMIN TRUE, INHERIT FALSE, SET FALSE`,
    );
    const value = { ...sandbox.credentials(), username, password };
    await sandbox.backend.put(sandbox.nameOf('database'), JSON.stringify(value));
    await administrator.query(`DROP ROLE ${old}`);
  } finally {
    await administrator.end();
  }
}

const secretsOf = (bench: Bench): Rotatable[] => ROTATABLE.filter((id) => id !== 'database' || !bench.leases);

export const TROUBLES: Trouble[] = [
  { name: 'rotation', run: rotate },
  { name: 'hard rotation', run: rotateHard },
  {
    name: 'two hard rotations of one secret',
    async run({ sandbox, bench, random }) {
      const secret = random.pick(secretsOf(bench));
      await sandbox.rotate(secret);
      await delay(random.between(0, 2_000));
      await sandbox.rotate(secret);
    },
  },
  {
    name: 'login dropped',
    fits: ({ backend }) => backend.revokeLeases === undefined,
    run: dropLogin,
  },
  { name: 'PostgreSQL restarts', run: restartDatabase },
  {
    name: 'backend fails',
    fits: hasNetwork,
    run: (context) => withFault(context, () => delay(context.random.between(...LONG))),
  },
  {
    name: 'hard rotation while the backend fails',
    fits: hasNetwork,
    run: (context) =>
      withFault(context, async () => {
        await delay(context.random.between(0, 3_000));
        await rotateHard(context);
        await delay(context.random.between(...SHORT));
      }),
  },
  {
    name: 'hard rotation after the backend failed',
    fits: hasNetwork,
    async run(context) {
      await withFault(context, () => delay(context.random.between(...LONG)));
      await delay(context.random.between(0, 3_000));
      await rotateHard(context);
    },
  },
  {
    name: 'login dropped after the backend failed',
    fits: ({ backend }) => backend.faults !== undefined && backend.revokeLeases === undefined,
    async run(context) {
      await withFault(context, () => delay(context.random.between(...LONG)));
      await delay(context.random.between(0, 3_000));
      await dropLogin(context);
    },
  },
  {
    name: 'PostgreSQL restarts while the backend fails',
    fits: hasNetwork,
    run: (context) =>
      withFault(context, async () => {
        await delay(context.random.between(0, 3_000));
        await restartDatabase(context);
      }),
  },
  {
    name: 'token revoked',
    fits: ({ backend }) => backend.revokeLogins !== undefined,
    async run({ sandbox }) {
      sandbox.backend.revokeLogins?.();
    },
  },
  {
    name: 'token revoked while the backend fails',
    fits: ({ backend }) => backend.revokeLogins !== undefined,
    run: (context) =>
      withFault(context, async () => {
        context.sandbox.backend.revokeLogins?.();
        await delay(context.random.between(...SHORT));
      }),
  },
];
