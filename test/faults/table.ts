/** The matrix as a readable table: providers and secrets with the same result share a cell. */
import { BACKENDS, type BackendName } from '../../sandbox/backends.ts';
import { expected, MOST_RECOVERY, MOST_REQUESTS } from './expectations.ts';
import { FAULTS } from './faults.ts';
import type { Run, StartOutcome } from './measure.ts';
import type { Required } from './world.ts';

export interface Measured {
  provider: BackendName;
  fault: string;
  /** The reason why the cell is missing. */
  missing?: string;
  secret?: Required;
  start?: StartOutcome;
  run?: Run;
}

export function renderTable(measured: Measured[]): string {
  const rows = FAULTS.map(({ title, notAtRuntime, only }) => {
    const of = (provider: BackendName) =>
      measured.filter((one) => one.provider === provider && one.fault === title);
    const column = (show: (cells: Measured[], provider: BackendName) => string | undefined) =>
      share(
        BACKENDS.flatMap((provider) => {
          const text = show(of(provider), provider);
          return text === undefined ? [] : [[provider, text] as const];
        }),
      );
    return [
      title,
      column((cells) => classOf(cells)),
      column(showStart),
      notAtRuntime ? 'n. a.' : column((cells) => showRun(cells)),
      only ? only.secrets.join() : 'all',
    ];
  });
  return [
    INTRODUCTION,
    markdown(['fault', 'class', 'at the start', 'while it runs', 'secrets'], rows),
    notes(measured),
  ].join('\n\n');
}

const classOf = (cells: Measured[]) => {
  const codes = new Set(cells.flatMap(({ start }) => (start ? Object.values(start.codes) : [])));
  return codes.size === 0 ? undefined : [...codes].join(', ');
};

function showStart(cells: Measured[]): string | undefined {
  const starts = cells.flatMap(({ start }) => start ?? []);
  const exits = new Set(starts.map(({ exit }) => exit));
  if (starts.length === 0) return undefined;
  const seconds = Math.max(...starts.map((start) => start.seconds));
  return `${[...exits].join(', ')} ${seconds <= 3 ? 'at once' : `within ${Math.ceil(seconds / 10) * 10} s`}`;
}

function showRun(cells: Measured[]): string | undefined {
  const outcomes = cells.flatMap(({ run }) => (run ? Object.values(run.outcomes) : []));
  const texts = new Set(
    outcomes.map(({ code, ready, served }) => {
      if (code === undefined) return 'nothing changes';
      return served ? `served, ready ${ready} min` : `served and ready ${ready} min`;
    }),
  );
  return texts.size === 0 ? undefined : [...texts].join(', ');
}

/** `x` where all are equal, else `x (aws, vault), y (file)`. */
function share(texts: (readonly [BackendName, string])[]): string {
  const groups = [...Map.groupBy(texts, ([, text]) => text)].sort((a, b) => b[1].length - a[1].length);
  const [common] = groups;
  if (!common) return '';
  return groups.length === 1
    ? common[0]
    : groups.map(([text, providers]) => `${text} (${providers.map(([name]) => name).join(', ')})`).join('; ');
}

function notes(measured: Measured[]): string {
  const missing = measured.flatMap(({ provider, fault, missing: reason }) =>
    reason ? [{ provider, fault, reason }] : [],
  );
  const reasons = [...Map.groupBy(missing, ({ reason }) => reason)].map(([reason, cells]) => {
    const providers = new Set(cells.map(({ provider }) => provider));
    const faults = new Set(cells.map(({ fault }) => fault));
    return `- ${[...providers].join(', ')}: ${reason}: ${[...faults].join('; ')}.`;
  });
  const later = FAULTS.flatMap(({ title, notAtRuntime }) =>
    notAtRuntime ? [`- ${notAtRuntime}: ${title}, while it runs.`] : [],
  );
  const because = FAULTS.flatMap(({ title }) =>
    BACKENDS.flatMap((provider) => {
      const reasonsOf = (['startup', 'runtime'] as const).flatMap(
        (phase) => expected(provider, title, phase).because ?? [],
      );
      return [...new Set(reasonsOf)].map((reason) => `- ${provider}, ${title}: ${reason}.`);
    }),
  );
  return [
    '## Exceptions',
    because.join('\n'),
    '## Missing cells',
    [...reasons, ...later].join('\n'),
    '## Number of requests',
    `All three secrets together may cost the backend at most ${MOST_REQUESTS.startup} requests at a failed start, and ${MOST_REQUESTS.runtime} in an hour of a
fault at runtime. Each secret is checked every half minute, and Key Vault answers each field separately. Within
${MOST_RECOVERY} s of the end of a fault every secret is confirmed again.`,
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n');
}

const INTRODUCTION = `# Results of each fault

Written by \`npm run faults:record\` from the results of \`npm run test:faults\`. It causes every fault on every backend and secret,
before the start and at runtime: over TLS to the sandbox's stand-ins, with PostgreSQL, an injected clock and
\`SECRET_TTL=300\`. The expectations are in [\`test/faults/expectations.ts\`](../test/faults/expectations.ts), the printed
reports in [\`test/faults/reports/\`](../test/faults/reports/).

- At the start: the exit code and the time until it. 78: a person must act. 75: a restart can succeed.
- While it runs, \`/health\` answers 200, and when the fault ends, the service recovers by itself. *Served, ready 35 min*: the
  last good version is served to the end of the hour, and \`/ready\` answers 200 for 35 minutes. *Served and ready 10 min*: both
  end after 10 minutes, and requests that need the secret get 503.`;

const markdown = (head: string[], rows: string[][]) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
