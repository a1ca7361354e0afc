/** What of a `.env` file goes where. Does no I/O; values are carried, and never in what is to be shown. */
import type { SecretId } from '../../secrets/schemas.ts';
import { reasonToLeave } from './leave.ts';
import { type Fields, TARGETS, type Target } from './mapping.ts';

export interface Plan {
  secrets: PlannedSecret[];
  /** Variables that stay in the file, and why. */
  left: { variable: string; reason: string }[];
  /** What makes the import impossible. Each names variables, and no value. */
  problems: string[];
}

export interface PlannedSecret {
  id: SecretId;
  fields: Fields;
  /** From which variable each field came. */
  sources: Record<string, string[]>;
}

export function planImport(variables: NodeJS.Dict<string>): Plan {
  const plan: Plan = { secrets: [], left: [], problems: [] };
  const taken = new Set<string>();
  for (const [id, target] of Object.entries(TARGETS) as [SecretId, Target][]) {
    const secret: PlannedSecret = { id, fields: {}, sources: {} };
    for (const [variable, value] of Object.entries(variables)) {
      const fields = value?.trim() ? fieldsOf(target, variable, value, plan.problems) : undefined;
      if (!fields) continue;
      taken.add(variable);
      for (const [field, part] of Object.entries(fields)) add(secret, field, part, variable, plan.problems);
    }
    if (Object.keys(secret.sources).length > 0) plan.secrets.push(secret);
  }
  for (const [variable, value] of Object.entries(variables))
    if (!taken.has(variable)) plan.left.push({ variable, reason: reasonToLeave(variable, value) });
  return plan;
}

/** Undefined for a variable that the target does not know. */
function fieldsOf(target: Target, variable: string, value: string, problems: string[]): Fields | undefined {
  const parse = target.parsed?.[variable];
  if (!parse) {
    const field = Object.keys(target.variables).find((name) => target.variables[name]?.includes(variable));
    return field === undefined ? undefined : { [field]: value };
  }
  try {
    return parse(value);
  } catch (error) {
    problems.push(`${variable} ${(error as Error).message}.`);
    return {};
  }
}

/** Two variables may say the same; when they differ it is open which one is meant. */
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
