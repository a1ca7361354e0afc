/** Reads what a configuration refers to and puts it in its place. */
import { conceal } from '../../secrets/conceal.ts';
import type { Configuration } from './configuration.ts';
import { CredentialProviderFactory } from './credential-provider-factory.ts';
import { dropEmpty, resolveCredentials } from './secret-values.ts';
import { readEachField } from './single-key.ts';
import type { SourceContext } from './sources.ts';
import { requireResolved } from './validation.ts';

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
  const location = provider.locate(config, guid);
  const read = (name: string) => provider.read(name, config, context);
  const secretData =
    location.mode === 'multi-key'
      ? await read(location.name)
      : await readEachField(config, await context.components.get(componentOf(config)), read);

  const resolved = resolveCredentials(config, secretData);
  requireResolved(config, resolved);
  // The service's own secret may also have the fields under their own names.
  const defaults = source === 'direct' ? secretData : {};
  return concealed(dropEmpty({ ...defaults, ...resolved }), config);
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
