/** Plans where each variable of a `.env` file goes. Does no I/O. Values are carried, and are in no text to show. */
import type { DeclaredSecret } from '../../declared-secrets.ts';
import { reasonToLeave } from './leave.ts';
import { conversionOf, type Fields } from './mapping.ts';

export interface Plan {
  secrets: PlannedSecret[];
  /** Variables that stay in the file, and why. */
  left: { variable: string; reason: string }[];
  /** What makes the import impossible. Each names variables, and no value. */
  problems: string[];
}

export interface PlannedSecret {
  secret: DeclaredSecret;
  fields: Fields;
  /** The variables that each field comes from. */
  sources: Record<string, string[]>;
}

/** @param declared the secrets that can be imported */
export function planImport(variables: NodeJS.Dict<string>, declared: readonly DeclaredSecret[]): Plan {
  const plan: Plan = { secrets: [], left: [], problems: [] };
  const taken = new Set<string>();
  for (const secret of declared) {
    const planned: PlannedSecret = { secret, fields: {}, sources: {} };
    for (const [variable, value] of Object.entries(variables)) {
      const fields = value?.trim() ? fieldsOf(secret, variable, value, plan.problems) : undefined;
      if (!fields) continue;
      taken.add(variable);
      for (const [field, part] of Object.entries(fields)) add(planned, field, part, variable, plan.problems);
    }
    if (Object.keys(planned.sources).length > 0) plan.secrets.push(planned);
  }
  for (const [variable, value] of Object.entries(variables))
    if (!taken.has(variable)) plan.left.push({ variable, reason: reasonToLeave(variable, value) });
  return plan;
}

/** Undefined for a variable that holds nothing of the secret. */
function fieldsOf(
  secret: DeclaredSecret,
  variable: string,
  value: string,
  problems: string[],
): Fields | undefined {
  try {
    return conversionOf(secret, variable)?.(value);
  } catch (error) {
    problems.push(`${variable} ${(error as Error).message}.`);
    return {};
  }
}

/** Two variables may hold the same value. When they differ, it is open which one is meant. */
function add(
  { fields, sources }: PlannedSecret,
  field: string,
  value: string,
  variable: string,
  problems: string[],
) {
  const [first] = sources[field] ?? [];
  if (first !== undefined && fields[field] !== value)
    problems.push(`${first} and ${variable} differ about ${field}: keep one of them.`);
  fields[field] = value;
  sources[field] = [...(sources[field] ?? []), variable];
}
