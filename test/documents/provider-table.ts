/** The README's table of providers, from the backends. */
import { allBackends } from '../../src/secrets/providers/registry.ts';
import type { Variable } from '../../src/variables.ts';

const code = ({ name }: Variable) => `\`${name}\``;

function needs(variables: readonly Variable[]): string {
  const required = variables.filter(({ isRequired }) => isRequired);
  if (required.length > 0) return required.map(code).join(', ');
  return `nothing; ${variables
    .filter(({ default: byDefault }) => byDefault !== undefined)
    .map(code)
    .join(', ')} have defaults`;
}

export const providerTable = (): string =>
  [
    '| `SECRET_PROVIDER` | backend | needs | how it recognises the process |',
    '|---|---|---|---|',
    ...allBackends().map(
      ({ name, title, variables, identity }) =>
        `| \`${name}\` | ${title} | ${needs(variables)} | ${identity} |`,
    ),
  ].join('\n');
