/** What the backend holds of a secret before the import, and what it would hold after it. */
import type { DeclaredSecret } from '../../declared-secrets.ts';
import { SecretError } from '../../errors.ts';
import type { Backend } from '../../secrets/backend.ts';
import { fieldNames } from '../../secrets/fields.ts';
import type { SecretProvider } from '../../secrets/provider.ts';
import { writableNames } from '../../secrets/providers/registry.ts';
import { layoutOf } from '../../secrets/schemas.ts';
import { type Fields, variablesOf } from './mapping.ts';
import type { PlannedSecret } from './plan.ts';

export interface Change {
  secret: DeclaredSecret;
  /** The backend's name. */
  name: string;
  sources: PlannedSecret['sources'];
  /** Null when the secret does not exist yet. */
  version: string | null;
  /** Fields of an existing secret that would get another value. */
  replaced: string[];
  /** Nothing would change. */
  isSame: boolean;
  /** What is written, and what the service would make of it. Both hold credentials: do not print. */
  value: string;
  parsed: object;
}

const PATIENCE = 10_000;

export type ImportTarget = { provider: SecretProvider } & Pick<Backend, 'hasFieldSecrets'>;

/** @throws SecretError `invalid`, naming fields and variables, when the service could not use the new value */
export async function prepareChange(
  { provider, hasFieldSecrets }: ImportTarget,
  name: string,
  planned: PlannedSecret,
): Promise<Change> {
  const { secret, sources } = planned;
  const stored = await readStored(provider, name);
  if (!stored && hasFieldSecrets) await refuseFieldSecrets(provider, name, secret);
  const before = withoutAliases(stored?.fields ?? {}, planned);
  const value = JSON.stringify({ ...before, ...planned.fields });
  const parsed = parse(name, planned, JSON.parse(value));
  const changed = Object.keys(planned.fields).filter(
    (field) => String(before[field] ?? '') !== planned.fields[field],
  );
  return {
    secret,
    name,
    sources,
    version: stored?.version ?? null,
    replaced: changed.filter((field) => field in before),
    isSame: changed.length === 0,
    value,
    parsed,
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

/** Stored under the field's own name, where the file gives a value for a field that is stored under an alias. */
function withoutAliases(stored: Partial<Fields>, { secret, fields }: PlannedSecret): Partial<Fields> {
  const names = fieldNames(secret.schema);
  const entries = Object.entries(stored).map(([name, value]) => {
    const field = names.get(name) ?? name;
    return [field in fields ? field : name, value];
  });
  return Object.fromEntries(entries);
}

function parse(name: string, { secret, sources }: PlannedSecret, fields: object): object {
  const { data, error } = secret.schema.safeParse(fields);
  if (!error) return data;
  const variables = [...variablesOf(secret)];
  const faults = error.issues.map(({ path, message }) => {
    const field = String(path[0]);
    const variable = sources[field]?.[0] ?? variables.find(([, holds]) => holds === field)?.[0];
    return `${field}${variable ? ` (${variable})` : ''} ${field in fields ? message : 'is missing'}`;
  });
  throw new SecretError('invalid', `${name} could not be used: ${faults.join('; ')}`, {
    remedy: 'Fix or add it in the file, and run this again.',
  });
}

async function readStored(provider: SecretProvider, name: string) {
  const secret = await provider.read(name, { signal: AbortSignal.timeout(PATIENCE) }).catch(ignoreNotFound);
  return secret && { version: secret.version, fields: fieldsOf(secret.value) };
}

async function refuseFieldSecrets(
  provider: SecretProvider,
  name: string,
  { id, schema }: DeclaredSecret,
): Promise<void> {
  const options = { layout: layoutOf(id, schema), signal: AbortSignal.timeout(PATIENCE) };
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
