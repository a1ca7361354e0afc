/** The matrix as a table that a person can read: providers and secrets for which a fault comes to the same share a cell. */
import { BACKENDS, type BackendName } from '../../sandbox/backends.ts';
import { expected, MOST_RECOVERY, MOST_REQUESTS } from './expectations.ts';
import { FAULTS } from './faults.ts';
import type { Run, StartOutcome } from './measure.ts';
import type { Required } from './world.ts';

export interface Measured {
  provider: BackendName;
  fault: string;
  /** Why there is no such cell. */
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

/** `x` where all say the same, else `x (aws, vault), y (file)`. */
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
    '## Cells that there are not',
    [...reasons, ...later].join('\n'),
    '## Nothing spins',
    `All three secrets together may cost the backend ${MOST_REQUESTS.startup} requests at a start that fails, and ${MOST_REQUESTS.runtime} in an
hour of a fault while the service runs: each is looked at every half minute, and Key Vault is then asked for each field
too. Within ${MOST_RECOVERY} s of the end of a fault every secret is confirmed again.`,
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n');
}

const INTRODUCTION = `# What each fault comes to

Made by \`npm run faults:record\` from what \`npm run test:faults\` measured: every fault, brought about on every backend and
secret, before the start and while the service runs; over TLS to the sandbox's stand-ins, with PostgreSQL and a turned
clock, and with \`SECRET_TTL=300\`. The expectations are in
[\`test/faults/expectations.ts\`](../test/faults/expectations.ts), the reports that a person reads in
[\`test/faults/reports/\`](../test/faults/reports/).

- At the start: the exit code, and after how long. 78 means that a person must act, 75 that starting again can help.
- While it runs: the last good version is *served* to the end of the hour, or for so many minutes, after which what needs
  the secret is answered with 503; \`/ready\` is green for so many minutes. \`/health\` stays green. When the fault ends,
  the service recovers by itself.`;

const markdown = (head: string[], rows: string[][]) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
