/** `.env.example`, from the variables that the service, its backends and its features declare. */
import { featureVariables } from '../../src/cli/known-variables.ts';
import { allBackends } from '../../src/secrets/providers/registry.ts';
import { variables } from '../../src/settings.ts';
import type { Variable } from '../../src/variables.ts';

const HEADER = `\
# Written by \`npm run documents:record\` from the declarations under src/.
# Endpoints and identifiers only, never a secret. Set these where the service runs: nothing reads this file by itself.
# A variable that is set to nothing counts as not set.`;

function lines({
  name,
  description,
  example,
  default: byDefault = '',
  secret,
  unlisted,
}: Variable): string[] {
  if (unlisted) return [];
  if (name.includes('*')) return [`# ${description}`, `# ${name}=`];
  if (secret) return [`# Not in a file, but handed to the process when it starts: ${name}. ${description}`];
  return [`# ${description}`, `${name}=${example ?? byDefault}`];
}

/** A paragraph: a deleted feature leaves exactly one behind. */
const section = (title: string, declared: readonly Variable[]): string =>
  [`# ${title}`, ...declared.flatMap(lines)].join('\n');

export const envExample = (): string =>
  `${[
    HEADER,
    section('Secrets', variables.secrets),
    section('Names', variables.names),
    ...allBackends().map(({ name, title, variables }) => section(`Provider ${name}: ${title}`, variables)),
    ...allBackends().flatMap(({ name, writer }) =>
      writer
        ? [section(`Provider ${name}: the identity that writes for administrators`, writer.variables)]
        : [],
    ),
    ...featureVariables.map(([name, declared]) => section(`Feature ${name}`, declared)),
    section('Server', variables.server),
  ].join('\n\n')}\n`;
