/** Reads the secret that a configuration refers to and fills in its values. */
import { conceal } from '../../secrets/conceal.ts';
import type { Configuration } from './configuration.ts';
import { connectionFields } from './connection-fields.ts';
import { CredentialProviderFactory } from './credential-provider-factory.ts';
import { dropEmpty, isObject, resolveCredentials, type SecretData } from './secret-values.ts';
import { readEachField } from './single-key.ts';
import type { CredentialProvider, SourceContext } from './sources.ts';
import { requireResolved } from './validation.ts';

/** The values of a connection. Those that came from a secret are not enumerable: printing does not show them. */
export type Resolved = Readonly<Record<string, unknown>>;

export const sourceOf = ({ credentialSource = 'direct' }: Configuration): string => credentialSource;

/**
 * @param guid of the stored configuration. Default: the configuration is not stored.
 * @throws CredentialError
 */
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

  const replaced = resolveCredentials(config, secretData);
  requireResolved(config, replaced);
  const given = { ...replaced, ...literals(config, provider) };
  // In single-key mode the keys are names of secrets, not names of fields.
  const whole = location.mode === 'multi-key' ? secretData : {};
  const fields = {
    ...(source === 'direct' ? whole : {}),
    ...given,
    ...connectionFields(whole, isObject(given.extra) ? given.extra : {}, given),
  };
  return concealed(dropEmpty(fields), config);
}

const componentOf = ({ component }: Configuration) => (typeof component === 'string' ? component : undefined);

/** Fields that choose where to read or what to sign are never references: a secret cannot redirect them. */
function literals(config: Configuration, { fields }: CredentialProvider): SecretData {
  const names = ['credentialSource', 'authType', 'region', ...Object.keys(fields)];
  return Object.fromEntries(names.map((name) => [name, config[name]]));
}

function concealed(fields: Record<string, unknown>, config: Configuration): Resolved {
  const { extra } = fields;
  const given = connectionFields(config.extra ?? {}, config);
  if (!isObject(extra)) return hide(fields, { ...config, ...given });
  const hidden = hide({ ...extra }, config.extra ?? {});
  return hide({ ...fields, extra: hidden }, { ...config, ...given, extra: hidden });
}

/** Hides the fields that differ from what the configuration says. */
const hide = (after: Record<string, unknown>, before: SecretData) =>
  conceal(after, ...Object.keys(after).filter((name) => after[name] !== before[name]));
