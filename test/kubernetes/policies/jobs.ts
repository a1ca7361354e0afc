/** 13: rotation on a schedule, and migration, each with an identity of its own. */
import { readFileSync } from 'node:fs';
import type { ICronJob, IJob, IJobSpec } from 'kubernetes-models/batch/v1';
import { getBackend } from '../../../src/secrets/providers/registry.ts';
import { environment, jobs, type Overlay, ofKind, one, type Policy, service, workloads } from '../overlay.ts';

const source = readFileSync(new URL('../../../src/cli/rotate/rotate.ts', import.meta.url), 'utf8');
/** Seconds that `rotate` waits for its turn, and again for the replicas. */
export const ROTATION_TIMEOUT = Number(/timeout: .*default: '(\d+)'/.exec(source)?.[1]);

/** What rotates on a schedule: nothing without a store to write to, no login that Vault leases to each process. */
const rotated = ({ name }: Overlay) => ({ native: [], 'vault-leases': ['jwt'] })[name] ?? ['database', 'jwt'];

const jobSpecs = (overlay: Overlay): (IJobSpec | undefined)[] => [
  ...ofKind<IJob>(overlay, 'Job').map(({ spec }) => spec),
  ...ofKind<ICronJob>(overlay, 'CronJob').map(({ spec }) => spec?.jobTemplate.spec),
];

export const policies: Policy[] = [
  {
    title: 'database and jwt rotate on a schedule, except a leased login',
    violations(overlay) {
      const commands = jobs(overlay)
        .filter(({ kind }) => kind === 'CronJob')
        .map(({ container }) => container.args?.slice(0, 3).join(' '));
      const expected = rotated(overlay).map((secret) => `src/cli/secrets.ts rotate ${secret}`);
      return commands.join() === expected.join() ? [] : commands;
    },
    mutate(overlay) {
      overlay.objects.splice(overlay.objects.indexOf(one(overlay, 'CronJob')), 1);
    },
  },
  {
    title: 'one rotation runs at a time, in a fixed time zone',
    violations: (overlay) =>
      ofKind<ICronJob>(overlay, 'CronJob').filter(
        ({ spec }) => spec?.concurrencyPolicy !== 'Forbid' || !spec.timeZone,
      ),
    mutate(overlay) {
      delete one<ICronJob>(overlay, 'CronJob').spec?.concurrencyPolicy;
    },
  },
  {
    title: 'every attempt at a rotation has the time that it needs',
    violations: (overlay) =>
      ofKind<ICronJob>(overlay, 'CronJob').filter(({ spec }) => {
        const { backoffLimit = 6, activeDeadlineSeconds = 0 } = spec?.jobTemplate.spec ?? {};
        return !(activeDeadlineSeconds >= (backoffLimit + 1) * 2 * ROTATION_TIMEOUT);
      }),
    mutate(overlay) {
      Object.assign(one<ICronJob>(overlay, 'CronJob').spec?.jobTemplate.spec ?? {}, { backoffLimit: 6 });
    },
  },
  {
    title: 'a Job that needs a fix is not retried, and no Job runs for ever',
    violations: (overlay) =>
      jobSpecs(overlay).filter((spec) => {
        const [rule] = spec?.podFailurePolicy?.rules ?? [];
        const stops = rule?.action === 'FailJob' && rule.onExitCodes?.values.join() === '64,78';
        return !stops || !spec?.activeDeadlineSeconds || spec.template.spec?.restartPolicy !== 'Never';
      }),
    mutate(overlay) {
      delete one<IJob>(overlay, 'Job').spec?.podFailurePolicy;
    },
  },
  {
    title: 'the migration runs as the owner of the tables',
    violations: (overlay) =>
      jobs(overlay)
        .filter(({ kind }) => kind === 'Job')
        .filter((job) => {
          const {
            DATABASE_SECRET_NAME,
            SECRET_PROVIDER = '',
            SECRET_PREFIX = '',
          } = environment(overlay, job);
          const name = getBackend(SECRET_PROVIDER).nameOf(SECRET_PREFIX, 'database');
          const isCommand = job.container.args?.join(' ') === 'src/cli/migrate.ts';
          return !isCommand || DATABASE_SECRET_NAME !== `${name}-owner`;
        }),
    mutate(overlay) {
      for (const { container } of jobs(overlay)) container.env = [];
    },
  },
  {
    title: 'service and rotation lease a login where the migration does not',
    violations: (overlay) =>
      workloads(overlay).filter((workload) => {
        const isLeased = overlay.name === 'vault-leases' && workload.kind !== 'Job';
        const { VAULT_DATABASE_ROLE: role } = environment(overlay, workload);
        return role !== (isLeased ? 'myapp' : undefined);
      }),
    mutate(overlay) {
      service(overlay).container.env = [];
    },
    mutated: 'vault-leases',
  },
];
