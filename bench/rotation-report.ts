/** The report of the rotation bench, and the limits that it checks. */
import type { BenchResult, Rotation } from './rotation-run.ts';
import type { Sample } from './traffic.ts';

/** Milliseconds after a rotation that still belong to it: replicas switch at their next check. */
const AFTERMATH = 2_500;
/** How many times slower the slowest hundredth may be during a rotation. */
const SLOWDOWN = 3;

const COLUMNS = [
  'backend',
  'rotations',
  'requests',
  'failed',
  'hung',
  'p50 ms, at rest',
  'p50 ms, rotating',
  'p99 ms, at rest',
  'p99 ms, rotating',
  'ratio',
  'value reads per rotation and process',
  'seconds to first use',
];

interface Figures {
  failed: Sample[];
  hung: Sample[];
  p50: { rest: number; rotating: number };
  p99: { rest: number; rotating: number };
  rotations: number;
  readsPerRotation: number | undefined;
  firstUse: number;
}

/** @param share for example 0.99 */
function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

const during = ({ sentAt, answeredAt }: Sample, rotations: Rotation[]) =>
  rotations.some(({ startedAt, endedAt }) => answeredAt >= startedAt && sentAt <= endedAt + AFTERMATH);

/** Logins hash a password for a tenth of a second, so they are counted, not timed. */
const latencies = (samples: Sample[]) =>
  samples.filter(({ kind }) => kind !== 'login').map(({ sentAt, answeredAt }) => answeredAt - sentAt);

export function measure({
  samples,
  rotations,
  databaseUsers,
  valueReads,
  replicas,
  leased,
}: BenchResult): Figures {
  const rotating = latencies(samples.filter((sample) => during(sample, rotations)));
  const rest = latencies(samples.filter((sample) => !during(sample, rotations)));
  // Leased logins change by themselves: each user after a replica's first counts as one rotation.
  const logins = databaseUsers.map((users) => users.size - 1);
  const rotationsByProcess = leased
    ? logins.reduce((sum, count) => sum + count, 0) / replicas +
      rotations.filter(({ secret }) => secret !== 'database').length
    : rotations.length;
  return {
    failed: samples.filter(({ outcome }) => outcome === 'failed'),
    hung: samples.filter(({ outcome }) => outcome === 'hung'),
    p50: { rest: quantile(rest, 0.5), rotating: quantile(rotating, 0.5) },
    p99: { rest: quantile(rest, 0.99), rotating: quantile(rotating, 0.99) },
    rotations: rotationsByProcess,
    readsPerRotation: valueReads === undefined ? undefined : valueReads / (rotationsByProcess * replicas),
    firstUse: Math.max(...firstUses(samples, rotations), 0),
  };
}

/** Per rotation of the database user: seconds until the first answer with the new one. */
function firstUses(samples: Sample[], rotations: Rotation[]): number[] {
  return rotations.flatMap(({ secret, startedAt }) => {
    if (secret !== 'database') return [];
    const before = samples
      .filter(({ user, answeredAt }) => user !== undefined && answeredAt < startedAt)
      .at(-1)?.user;
    const first = samples.find(
      ({ user, sentAt }) => user !== undefined && user !== before && sentAt > startedAt,
    );
    return first ? [(first.answeredAt - startedAt) / 1000] : [];
  });
}

/** A Markdown table with one row per backend. */
export function table(results: BenchResult[]): string {
  const rows = results.map((result) => {
    const { failed, hung, p50, p99, rotations, readsPerRotation, firstUse } = measure(result);
    return [
      result.name,
      rotations.toFixed(0),
      result.samples.length,
      failed.length,
      hung.length,
      p50.rest.toFixed(1),
      p50.rotating.toFixed(1),
      p99.rest.toFixed(1),
      p99.rotating.toFixed(1),
      (p99.rotating / p99.rest).toFixed(2),
      readsPerRotation === undefined ? 'not counted' : readsPerRotation.toFixed(2),
      firstUse.toFixed(1),
    ];
  });
  return [COLUMNS, COLUMNS.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/** Violated limits, as sentences. */
export function judge(result: BenchResult): string[] {
  const { failed, hung, p99, readsPerRotation } = measure(result);
  const { name } = result;
  return [
    ...[...failed, ...hung]
      .slice(0, 5)
      .map(({ kind, outcome, detail }) => `${name}: ${kind} ${outcome}: ${detail}`),
    ...(p99.rotating > SLOWDOWN * p99.rest
      ? [
          `${name}: p99 is ${p99.rotating.toFixed(1)} ms during rotations and ${p99.rest.toFixed(1)} ms at rest`,
        ]
      : []),
    ...(readsPerRotation !== undefined && readsPerRotation > 1
      ? [`${name}: ${readsPerRotation.toFixed(2)} value reads per rotation and process`]
      : []),
  ];
}
