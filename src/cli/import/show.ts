/** The texts of an import: names of variables, secrets and fields, and no value. */
import type { Plan } from './plan.ts';
import type { Change } from './stored.ts';

const columns = (rows: [string, string][], arrow: string) => {
  const width = Math.max(...rows.map(([first]) => first.length));
  return rows.map(([first, second]) => `    ${first.padEnd(width)} ${arrow} ${second}`);
};

export function showChange({ name, version, replaced, isSame, sources }: Change): string {
  const fields = new Map<string, string[]>();
  for (const [field, variables] of Object.entries(sources))
    for (const variable of variables) fields.set(variable, [...(fields.get(variable) ?? []), field]);
  const rows = [...fields].map(([variable, names]): [string, string] => [variable, names.join(', ')]);
  return [`  ${name}: ${stateOf(version, replaced, isSame)}`, ...columns(rows, '->')].join('\n');
}

function stateOf(version: string | null, replaced: string[], isSame: boolean): string {
  if (version === null) return 'new';
  if (isSame) return 'exists, with these values';
  if (replaced.length === 0) return 'exists, and gets the fields that it lacks';
  return `exists, and its ${replaced.join(', ')} WILL BE REPLACED`;
}

export function showLeft(left: Plan['left']): string {
  if (left.length === 0) return '';
  const rows = left.map(({ variable, reason }): [string, string] => [variable, reason]);
  return ['Left in the file:', ...columns(rows, '-')].join('\n');
}

export const showList = (title: string, lines: readonly string[]): string =>
  [`\n${title}`, ...lines.map((line) => `  ${line}`)].join('\n');

/** The commands that replace a value. Other secrets are replaced where they were issued. */
const ROTATIONS: Readonly<Record<string, string>> = {
  database: 'npm run secrets -- rotate database',
  jwt: 'npm run secrets -- rotate jwt --revoke',
  openai: 'npm run secrets -- rotate openai',
};

export function showNextSteps(file: string, changes: Change[]): string {
  const variables = [...new Set(changes.flatMap(({ sources }) => Object.values(sources).flat()))];
  const rotations = changes.map(
    ({ name, secret }) =>
      ROTATIONS[secret.id] ?? `${name}: issue new values at their source, and revoke the old ones there`,
  );
  return [
    `Now delete from ${file}: ${variables.join(', ')}.`,
    'These values were on a disk, and perhaps in backups, images and the history of git: replace each of them.',
    ...rotations.map((rotation) => `  ${rotation}`),
  ].join('\n');
}
