/**
 * The reporter of this repository's test runs: the files of each folder as they end, then every skip and every failure
 * whole, then node's own closing lines. What a test file prints is shown only when the file fails. With `VERBOSE=1`
 * every test is shown.
 */
import { dirname, relative } from 'node:path';
import { Readable } from 'node:stream';
import { spec, type TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';
import { describeCoverage } from './coverage.ts';
import { isApplicable, skipLine } from './skip.ts';

export default (events: AsyncIterable<TestEvent>): AsyncIterable<string> =>
  process.env.VERBOSE ? Readable.from(events).pipe(new spec()) : report(events);

async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const skips = new Set<string>();
  let inapplicable = 0;
  let coverage: string[] = [];
  const failures: string[] = [];
  const closing: string[] = [];
  const printed = new Map<string, string>();
  let folder: string | undefined;

  for await (const { type, data } of events)
    if (type === 'test:stdout' || type === 'test:stderr') {
      const path = pathOf(data);
      printed.set(path, (printed.get(path) ?? '') + data.message);
    } else if (type === 'test:pass' && data.skip !== undefined) {
      if (isApplicable(String(data.skip)))
        skips.add(skipLine(`${pathOf(data)}: ${data.name}`, String(data.skip)));
      else inapplicable += 1;
    } else if (type === 'test:fail') {
      if (hasFailedItself(data.details.error)) failures.push(describeFailure(data));
    } else if (type === 'test:coverage') {
      coverage = describeCoverage(data.summary);
    } else if (type === 'test:diagnostic' && data.file === undefined) {
      closing.push(`ℹ ${data.message}`);
    } else if (type === 'test:summary' && data.file !== undefined) {
      const path = pathOf(data);
      if (dirname(path) !== folder) yield `${folder === undefined ? '' : '\n'}${dirname(path)}:`;
      folder = dirname(path);
      const seconds = (data.duration_ms / 1000).toFixed(1);
      yield ` ${data.success ? '' : '✖ '}${nameOf(path)} ${data.counts.tests} in ${seconds} s;`;
      if (!data.success && printed.has(path)) failures.push(`✖ ${path} printed:\n${printed.get(path)}`);
    }

  yield '\n';
  if (inapplicable > 0)
    yield `${inapplicable} tests are for another backend or user; VERBOSE=1 lists them.\n`;
  for (const text of [...coverage, ...skips, ...failures, ...closing]) yield `${text}\n`;
}

interface Located {
  file?: string | undefined;
  entryFile?: string | undefined;
}

/** Of the test file, relative to the working directory. */
const pathOf = ({ file = '', entryFile = file }: Located) => relative(process.cwd(), entryFile) || file;
const nameOf = (path: string) => path.replace(/^.*\//, '').replace(/\.\w+\.ts$/, '');

/** A suite with a failed test in it has no failure of its own. */
const hasFailedItself = (error: Error & { failureType?: string }) => error.failureType !== 'subtestsFailed';

function describeFailure(data: Located & { name: string; line?: number; details: { error: Error } }) {
  const { error } = data.details;
  return `✖ ${pathOf(data)}:${data.line ?? 1}: ${data.name}\n${indent(inspect(error.cause ?? error))}`;
}

const indent = (text: string) => text.replace(/^/gm, '  ');
