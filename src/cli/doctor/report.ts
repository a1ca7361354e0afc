/** The doctor's results for people and for scripts. */
import { styleText } from 'node:util';
import type { Complaint } from './check.ts';
import type { Result } from './examine.ts';

/** The exit code of the service: 75 where every problem may pass by itself, 78 where a person must act. */
export function exitCodeOf(results: Result[]): 0 | 75 | 78 {
  const complaints = results.flatMap((result) => result.complaints);
  if (complaints.length === 0) return 0;
  return complaints.every(({ temporary }) => temporary) ? 75 : 78;
}

type Style = Parameters<typeof styleText>[0];

const MARKS: Record<Result['status'], [mark: string, style: Style]> = {
  passed: ['\u2713', 'green'],
  failed: ['\u2717', 'red'],
  skipped: ['-', 'dim'],
  'not-applicable': ['-', 'dim'],
};

/** Has colours only on a terminal that supports them: `styleText` checks the stream, NO_COLOR and FORCE_COLOR. */
export function describe({ title, status, detail, complaints }: Result): string {
  const [mark, style] = MARKS[status];
  const color = (wanted: Style, text: string) => styleText(wanted, text, { stream: process.stdout });
  if (status !== 'failed') return `${color(style, mark)} ${title}${color('dim', `: ${detail}`)}`;
  // Adjacent problems with the same message or remedy show it once.
  const lines = complaints.flatMap(({ subject, code, message, remedy }, index) => [
    ...(complaints[index - 1]?.message === message && complaints[index - 1]?.subject === subject
      ? []
      : [`    ${prefix(subject, title)}${message} [${code}]`]),
    ...(complaints[index + 1]?.remedy === remedy ? [] : [`      ${color('cyan', remedy)}`]),
  ]);
  return [`${color(style, mark)} ${color('bold', title)}`, ...lines].join('\n');
}

/** The title names the subject, except that of the configuration. */
const prefix = (subject: string, title: string) => (title === 'Configuration' ? `${subject}: ` : '');

export function summarize(results: Result[]): string {
  const count = (status: Result['status']) => results.filter((result) => result.status === status).length;
  if (count('failed') === 0) return 'Nothing is wrong: the service can start.';
  const skipped = count('skipped');
  return `${count('failed')} failed${skipped > 0 ? `, ${skipped} not checked because of them` : ''}. Fix the failed checks, and run this again.`;
}

/**
 * One document. Within a `version` fields are added and never removed.
 *
 *     {
 *       "version": 1,
 *       "healthy": false,            // whether every check passed or does not apply
 *       "exitCode": 78,              // 0, 75 (it may pass by itself) or 78 (a person must act)
 *       "checks": [                  // in the order in which they ran
 *         {
 *           "id": "identity",        // stable
 *           "title": "Identity",     // for people
 *           "status": "failed",      // "passed", "failed", "skipped" or "not-applicable"
 *           "detail": "",            // the result, or the reason why it did not run
 *           "problems": [            // empty unless it failed
 *             { "subject": "...", "code": "identity", "message": "...", "remedy": "...", "temporary": false }
 *           ]
 *         }
 *       ]
 *     }
 */
export function toDocument(results: Result[]) {
  const exitCode = exitCodeOf(results);
  return {
    version: 1,
    healthy: exitCode === 0,
    exitCode,
    checks: results.map(({ id, title, status, detail, complaints }) => ({
      id,
      title,
      status,
      detail,
      problems: complaints.map(toProblem),
    })),
  };
}

const toProblem = ({ subject, code, message, remedy, temporary }: Complaint) => ({
  subject,
  code,
  message,
  remedy,
  temporary,
});
