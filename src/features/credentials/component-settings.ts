/** Components from the environment: `COMPONENT_<NAME>_PROVIDER`, and the provider's variables with the same beginning. */
import type { z } from 'zod';
import { allBackends, findBackend, providerNames } from '../../secrets/providers/registry.ts';
import type { Variable } from '../../variables.ts';
import { PREFIX } from './allowed-names.ts';
import type { ComponentSettings } from './components.ts';

type Environment = Readonly<Record<string, unknown>>;

/** Returns settings by name: `COMPONENT_SECRET_STORE_PROVIDER=vault` defines `secret-store`. */
export function parseComponents(env: Environment, context: z.RefinementCtx): Map<string, ComponentSettings> {
  const names = Object.keys(env).flatMap(
    (variable) => /^COMPONENT_([A-Z0-9_]+)_PROVIDER$/.exec(variable)?.[1] ?? [],
  );
  return new Map(
    names.flatMap((name) => {
      const component = parseComponent(env, `COMPONENT_${name}_`, context);
      return component ? [[name.toLowerCase().replaceAll('_', '-'), component] as const] : [];
    }),
  );
}

function parseComponent(
  env: Environment,
  start: string,
  context: z.RefinementCtx,
): ComponentSettings | undefined {
  const refuse = (variable: string, message: string) =>
    context.addIssue({ code: 'custom', path: [`${start}${variable}`], message });
  const own = Object.entries(env).filter(([variable]) => variable.startsWith(start));
  const {
    PROVIDER,
    PREFIX: prefix,
    ...rest
  } = Object.fromEntries(own.map(([variable, value]) => [variable.slice(start.length), String(value)]));

  const backend = findBackend(String(PROVIDER));
  if (!backend) {
    refuse('PROVIDER', `must be one of ${providerNames().join(', ')}`);
    return undefined;
  }
  if (prefix !== undefined && !PREFIX.test(prefix)) refuse('PREFIX', 'must end with a slash or a hyphen');
  const configured = backend.configure(rest);
  if ('problems' in configured) {
    for (const { variable, message } of configured.problems) refuse(variable, message);
    return undefined;
  }
  return { create: () => configured.create(), prefix };
}

const ofComponent = (name: string, description: string): Variable => ({
  name: `COMPONENT_*_${name}`,
  description,
  isRequired: false,
});

/** The variables of every component, whose name takes the place of `*`. */
export const componentVariables = (): Variable[] => [
  ofComponent(
    'PROVIDER',
    'Provider of a secret store beside the main one. The variables of the provider have the same beginning, for example COMPONENT_SECRETSTORE_DAPR_HTTP_ENDPOINT.',
  ),
  ofComponent('PREFIX', 'Beginning of the names of secrets there. Default: CREDENTIALS_PREFIX.'),
  ...allBackends().flatMap(({ variables }) =>
    variables.map((variable) => ({
      ...variable,
      name: `COMPONENT_*_${variable.name}`,
      unlisted: true as const,
    })),
  ),
];
