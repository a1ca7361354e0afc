/** What the backend holds of a secret before the import, and what it would hold after it. */
import { SecretError } from '../../errors.ts';
import type { Backend } from '../../secrets/backend.ts';
import type { SecretProvider } from '../../secrets/provider.ts';
import { writableNames } from '../../secrets/providers/registry.ts';
import { layoutOf, SECRETS, type SecretId } from '../../secrets/schemas.ts';
import { type Fields, TARGETS } from './mapping.ts';
import type { PlannedSecret } from './plan.ts';

export interface Change {
  id: SecretId;
  name: string;
  sources: PlannedSecret['sources'];
  /** Null when the secret does not exist yet. */
  version: string | null;
  /** Fields of an existing secret that would get another value. */
  replaced: string[];
  /** Nothing would change. */
  isSame: boolean;
  /** What is written. Holds credentials: never to be printed. */
  value: string;
}

const PATIENCE = 10_000;

export type ImportTarget = { provider: SecretProvider } & Pick<Backend, 'hasFieldSecrets'>;

/** @throws SecretError `invalid`, naming fields and variables, when the service could not use the new value */
export async function prepareChange(
  { provider, hasFieldSecrets }: ImportTarget,
  name: string,
  planned: PlannedSecret,
): Promise<Change> {
  const stored = await readStored(provider, name);
  if (!stored && hasFieldSecrets) await refuseFieldSecrets(provider, name, planned.id);
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

/** Replaces the version that was read. @throws SecretError `conflict` when it has changed since */
export async function writeChange(
  provider: SecretProvider,
  { name, value, version }: Change,
): Promise<string> {
  if (!provider.write) throw cannotWrite(provider.name);
  return provider.write(name, value, { expected: version, signal: AbortSignal.timeout(PATIENCE) });
}

export const cannotWrite = (provider: string) =>
  new SecretError('invalid', `The provider ${provider} cannot write: it reads what something else delivers`, {
    remedy: `Import where the secrets come from: set SECRET_PROVIDER to ${writableNames()}, with an identity that may write there.`,
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
    remedy: 'Fix or add it in the file, and run this again.',
  });
}

async function readStored(provider: SecretProvider, name: string) {
  const secret = await provider.read(name, { signal: AbortSignal.timeout(PATIENCE) }).catch(ignoreNotFound);
  return secret && { version: secret.version, fields: fieldsOf(secret.value) };
}

async function refuseFieldSecrets(provider: SecretProvider, name: string, id: SecretId): Promise<void> {
  const options = { layout: layoutOf(id, SECRETS[id].schema), signal: AbortSignal.timeout(PATIENCE) };
  if (!(await provider.read(name, options).catch(ignoreNotFound))) return;
  throw new SecretError('invalid', `${name} is kept as one secret per field`, {
    remedy: `Store its fields as one JSON object in ${name}, which takes precedence over them. Then import.`,
  });
}

/** A text that is not a JSON object is a placeholder, and is overwritten. */
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
