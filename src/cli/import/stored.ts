/** What the backend has of a secret before the import, and what it would have after it. */
import { SecretError } from '../../errors.ts';
import type { SecretProvider } from '../../secrets/provider.ts';
import { layoutOf, SECRETS, type SecretId } from '../../secrets/schemas.ts';
import { type Fields, TARGETS } from './mapping.ts';
import type { PlannedSecret } from './plan.ts';

export interface Change {
  id: SecretId;
  name: string;
  sources: PlannedSecret['sources'];
  /** Null: there is none yet. */
  version: string | null;
  /** Fields of a secret that is there and that would have another value. */
  replaced: string[];
  /** Nothing would change. */
  isSame: boolean;
  /** What is written. Holds credentials: never to be printed. */
  value: string;
}

const PATIENCE = 10_000;

/** @throws SecretError `invalid`, naming fields and variables, when the service could not use what would be stored */
export async function prepareChange(
  provider: SecretProvider,
  name: string,
  planned: PlannedSecret,
): Promise<Change> {
  const stored = await readStored(provider, name, planned.id);
  const before = stored?.fields ?? {};
  const value = JSON.stringify({ ...before, ...planned.fields });
  assertUsable(name, planned.id, JSON.parse(value));
  const changed = Object.keys(planned.fields).filter(
    (field) => String(before[field] ?? '') !== planned.fields[field],
  );
  return {
    id: planned.id,
    name,
    sources: planned.sources,
    version: stored?.version ?? null,
    replaced: changed.filter((field) => field in before),
    isSame: changed.length === 0,
    value,
  };
}

/** Writes over what was read, and over nothing else. @throws SecretError `conflict` when it has changed since */
export async function writeChange(
  provider: SecretProvider,
  { name, value, version }: Change,
): Promise<string> {
  if (!provider.write) throw cannotWrite(provider.name);
  return provider.write(name, value, { expected: version, signal: AbortSignal.timeout(PATIENCE) });
}

export const cannotWrite = (provider: string) =>
  new SecretError('invalid', `The provider ${provider} cannot write: it reads what something else delivers`, {
    remedy:
      'Import to where the secrets come from: run this with SECRET_PROVIDER set to aws, vault or azure and the identity of somebody who may write there.',
  });

function assertUsable(name: string, id: SecretId, fields: object): void {
  const target = TARGETS[id];
  const { error } = target?.schema.safeParse(fields) ?? {};
  if (!error) return;
  const faults = error.issues.map(({ path: [field], message }) => {
    const [variable] = target?.variables[String(field)] ?? [];
    const isMissing = !(String(field) in fields);
    return `${String(field)}${variable ? ` (${variable})` : ''} ${isMissing ? 'is missing' : message}`;
  });
  throw new SecretError('invalid', `${name} could not be used: ${faults.join('; ')}`, {
    remedy: 'Mend it in the file, or add it there, and run this again.',
  });
}

async function readStored(provider: SecretProvider, name: string, id: SecretId) {
  const read = (layout?: { prefix: string; fields: readonly string[] }) =>
    provider.read(name, { layout, signal: AbortSignal.timeout(PATIENCE) }).catch(ignoreNotFound);
  const secret = await read();
  if (secret) return { version: secret.version, fields: fieldsOf(secret.value) };
  // Vault would make a login for this process.
  if (provider.name !== 'azure' || !(await read(layoutOf(id, SECRETS[id].schema)))) return undefined;
  throw new SecretError('invalid', `${name} is kept as one secret per field`, {
    remedy: `Store its fields as one JSON object in ${name}, which goes before the single ones; then import.`,
  });
}

/** What is no JSON object, a placeholder for one, is written over. */
function fieldsOf(text: string): Partial<Fields> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
  } catch {
    return {};
  }
}

function ignoreNotFound(error: unknown): undefined {
  if (!(error instanceof SecretError) || error.code !== 'not-found') throw error;
}
