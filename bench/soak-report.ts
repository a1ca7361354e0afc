/** The result of a soak as a table row, and its failures as sentences. */
import type { Holding, SoakResult } from './soak-run.ts';

const MEGABYTE = 2 ** 20;
/** Allowed growth of the heap in bytes: caches of V8 and of the libraries fill up. */
const GROWTH = 8 * MEGABYTE;
const MORE_RESOURCES = 50;
/** Milliseconds that `/ready` may take longer than `/health`. The latter shows how busy the machine is. */
const PROMPT = 1_000;

const COLUMNS = [
  'backend',
  'minutes',
  'troubles',
  'requests',
  'failed',
  'hung',
  'slowest, s',
  'heap at start, middle, end, MB',
  'answers of /ready',
  'wrong',
  'p99 of /ready, /health, ms',
];

const largestHeap = (holdings: Holding[]) => Math.max(...holdings.map(({ heap }) => heap));

const total = ({ resources }: Holding) => Object.values(resources).reduce((sum, count) => sum + count, 0);

const p99 = (values: number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? Number.NaN;

const slowest = ({ samples }: SoakResult) =>
  samples.reduce((most, { sentAt, answeredAt }) => Math.max(most, answeredAt - sentAt), 0);

/** A Markdown table with one row per backend. */
export function table(results: SoakResult[]): string {
  const rows = results.map((result) => {
    const { name, minutes, troubles, samples, holdings, took, wrongAnswers } = result;
    return [
      name,
      minutes,
      troubles.length,
      samples.length,
      samples.filter(({ outcome }) => outcome === 'failed').length,
      samples.filter(({ outcome }) => outcome === 'hung').length,
      (slowest(result) / 1000).toFixed(1),
      holdings.map((held) => (largestHeap(held) / MEGABYTE).toFixed(1)).join(', '),
      took.length,
      wrongAnswers.length,
      [p99(took.map(({ ready }) => ready)), p99(took.map(({ health }) => health))]
        .map((milliseconds) => milliseconds.toFixed(0))
        .join(', '),
    ];
  });
  return [COLUMNS, COLUMNS.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

export function judge(result: SoakResult): string[] {
  const { name, samples, holdings, took, wrongAnswers, ends, output } = result;
  const bad = samples.filter(({ outcome }) => outcome !== 'ok');
  const [first = [], last = []] = [holdings[0], holdings.at(-1)];
  const late = p99(took.map(({ ready }) => ready)) - p99(took.map(({ health }) => health));
  const complaints = [
    ...bad.map(
      (sample) =>
        `${sample.kind} ${sample.outcome}: ${sample.detail}, during ${troublesAt(result, sample.sentAt)}`,
    ),
    ...wrongAnswers,
    ...(late > PROMPT
      ? [`/ready takes ${late.toFixed(0)} ms longer than /health, at the 99th percentile`]
      : []),
    ...ends.filter((end) => end !== 'exit code 0').map((end) => `a replica ended with ${end}`),
    ...last.flatMap((held, replica) => {
      const before = first[replica];
      if (!before) return ['a replica was not measured'];
      const grown = held.heap - before.heap;
      const list = JSON.stringify(held.resources);
      return [
        ...(grown > GROWTH
          ? [`replica ${replica} holds ${(grown / MEGABYTE).toFixed(1)} MB more than at the start`]
          : []),
        ...(total(held) > total(before) + MORE_RESOURCES
          ? [`replica ${replica} has ${list} open, and had ${JSON.stringify(before.resources)}`]
          : []),
      ];
    }),
    ...(/unhandled|uncaught/i.test(output) ? [`a replica wrote: ${output.slice(-2_000)}`] : []),
  ];
  return complaints.map((complaint) => `${name}: ${complaint}`);
}

/** The trouble at the time of a request, or just before it. */
function troublesAt({ troubles }: SoakResult, time: number): string {
  const near = troubles.filter(
    ({ startedAt, endedAt }) => time > startedAt - 1_000 && time < endedAt + 10_000,
  );
  return (
    near
      .map(({ name, startedAt }) => `${name} (${((time - startedAt) / 1000).toFixed(1)} s after its start)`)
      .join(', ') || 'nothing'
  );
}
