/** The reports of a provider as printed on the terminal, without the parts that differ between runs. */
import type { BackendName } from '../../sandbox/backends.ts';
import type { Measured } from './table.ts';
import type { World } from './world.ts';

export function renderReports(provider: BackendName, measured: Measured[], { networks }: World): string {
  const port = networks[provider]?.listening.port;
  const starts = measured
    .filter((one) => one.provider === provider)
    .flatMap(({ fault, secret, start }) =>
      start ? [{ fault, secret, report: settle(start.report, port) }] : [],
    );
  const faults = Map.groupBy(starts, ({ fault }) => fault);
  const sections = [...faults].map(([fault, reports]) => {
    const [first, ...others] = reports;
    // The reports of the other secrets differ by more than the name only where the value is wrong.
    const shown = others.filter(
      ({ secret, report }) => anonymous(report, secret) !== anonymous(first?.report ?? '', first?.secret),
    );
    return [`# ${fault}`, '', ...[first, ...shown].map((one) => `${one?.report}\n`)].join('\n');
  });
  return sections.join('\n');
}

/** Replaces the parts that differ between runs by fixed ones. */
const settle = (report: string, port: number | undefined) =>
  report
    .replaceAll(`https://localhost:${port}`, 'https://backend.example:8200')
    .replaceAll(/https:\/\/localhost:\d+/g, 'https://other.example:8200')
    .replaceAll(/\bcell\d+\b/g, 'myapp')
    .replaceAll(/\/[^ ]*\/myapp\/secrets/g, '/run/secrets')
    .replaceAll(/uid \d+/g, 'uid 65534');

const anonymous = (report: string, secret = '') => report.replaceAll(secret, '<secret>');
