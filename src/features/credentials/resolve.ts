/** Reads what a configuration refers to and puts it in its place. */
import { conceal } from '../../secrets/conceal.ts';
import { concurrently } from './concurrently.ts';
import type { Configuration } from './configuration.ts';
import { CredentialError } from './credential-error.ts';
import { CredentialProviderFactory } from './credential-provider-factory.ts';
import { dropEmpty, resolveCredentials, type SecretData } from './secret-values.ts';
import type { SourceContext } from './sources.ts';
import { isPasswordLike, requireResolved } from './validation.ts';

/** One secret holds the fields, or each field names a secret of its own. */
export type SecretMode = 'multi-key' | 'single-key';

/** Secrets that are read at the same time for one configuration. */
const CONCURRENCY = 4;

export type Resolved = Readonly<Record<string, unknown>>;

export const sourceOf = ({ credentialSource = 'direct' }: Configuration): string => credentialSource;

/** @param guid under which the configuration is stored, if it is. @throws CredentialError */
export async function resolve(
  config: Configuration,
  context: SourceContext,
  guid?: string,
): Promise<Resolved> {
  const source = sourceOf(config);
  const provider = CredentialProviderFactory.get(source);
  const name = provider.secretName(config, guid);
  const mode: SecretMode = source === 'direct' || name !== undefined ? 'multi-key' : 'single-key';
  const read = (secret: string) => provider.read(secret, config, context);

  if (mode === 'single-key') {
    const { prefix } = await context.components.get(componentOf(config));
    return finish(config, await readEach(references(config, prefix), read));
  }
  if (name === undefined) throw new CredentialError('invalid', 'Missing fields: [secret-path]');
  const secretData = await read(name);
  // The service's own secret may also have the fields under their own names.
  return finish(config, secretData, source === 'direct' ? secretData : {});
}

function finish(config: Configuration, secretData: SecretData, defaults: SecretData = {}): Resolved {
  const resolved = resolveCredentials(config, secretData);
  requireResolved(config, resolved);
  return concealed(dropEmpty({ ...defaults, ...resolved }), config);
}

interface Reference {
  field: string;
  name: string;
}

/** Every password-like field is a reference, and so is each string that begins like one. */
function references(config: Configuration, prefix: string): Reference[] {
  const fields = [...Object.entries(config), ...Object.entries(config.extra ?? {})];
  return fields.flatMap(([field, name]) =>
    typeof name === 'string' && (isPasswordLike(field) || name.startsWith(prefix)) ? [{ field, name }] : [],
  );
}

/** @throws CredentialError that names the fields that failed */
async function readEach(
  wanted: Reference[],
  read: (name: string) => Promise<SecretData>,
): Promise<SecretData> {
  const outcomes = await concurrently(wanted, CONCURRENCY, async ({ field, name }) => {
    const value = valueFor(field, await read(name));
    return [name, value] as const;
  });
  const failures = outcomes.flatMap((outcome, index) =>
    outcome.status === 'rejected' ? [{ field: wanted[index]?.field, reason: outcome.reason as unknown }] : [],
  );
  const [first] = failures;
  if (!first) return Object.fromEntries(outcomes.flatMap((o) => (o.status === 'fulfilled' ? [o.value] : [])));
  const unexpected = failures.find(({ reason }) => !(reason instanceof CredentialError));
  if (unexpected) throw unexpected.reason;
  const messages = failures.map(({ field, reason }) => `${field}: ${(reason as CredentialError).message}`);
  throw new CredentialError((first.reason as CredentialError).code, messages.join(' '), {
    cause: first.reason,
  });
}

/** The one value of a secret, or the one that is called like the field. */
function valueFor(field: string, secretData: SecretData): unknown {
  const [only, ...others] = Object.values(secretData);
  if (others.length === 0) return only;
  if (Object.hasOwn(secretData, field)) return secretData[field];
  throw new CredentialError('refused', 'The secret holds several values, and none of this name.');
}

const componentOf = ({ component }: Configuration) => (typeof component === 'string' ? component : undefined);

/** What came from a secret is shown by no printer and no serializer; reading it by name still works. */
function concealed(fields: Record<string, unknown>, config: Configuration): Resolved {
  const hide = (after: Record<string, unknown>, before: Record<string, unknown>) =>
    conceal(after, ...Object.keys(after).filter((name) => after[name] !== before[name]));
  const { extra } = fields;
  if (typeof extra !== 'object' || extra === null) return hide(fields, config);
  const hidden = hide({ ...extra }, config.extra ?? {});
  return hide({ ...fields, extra: hidden }, { ...config, extra: hidden });
}
