/** Is the configuration complete? Later checks continue without the wrong variables. */
import { FEATURES } from '../../all-features.ts';
import { type Config, loadConfig } from '../../config.ts';
import { StartupError } from '../../errors.ts';
import { findBackend } from '../../secrets/providers/registry.ts';
import type { Check } from './check.ts';

export const configuration: Check = {
  id: 'configuration',
  title: () => 'Configuration',
  needs: [],
  async run({ environment, findings }) {
    const backend = findBackend(environment.SECRET_PROVIDER ?? '');
    if (backend) findings.backend = backend;
    try {
      findings.config = loadConfig(environment, FEATURES);
      findings.provider = await findings.config.createProvider();
    } catch (error) {
      if (error instanceof StartupError) await useTheRest(error, environment, findings);
      throw error;
    }
    return `${backend?.title}, secrets named as ${findings.config.secretNames.database}`;
  },
};

/** Applies the defaults of wrong variables. Without a default, later checks have no provider. */
async function useTheRest(
  { problems }: StartupError,
  environment: NodeJS.ProcessEnv,
  findings: Parameters<Check['run']>[0]['findings'],
): Promise<void> {
  const wrong = new Set(problems.map(({ subject }) => subject));
  const rest = Object.fromEntries(Object.entries(environment).filter(([name]) => !wrong.has(name)));
  const config = load(rest);
  if (!config) return;
  findings.config = config;
  findings.provider = await config.createProvider();
}

function load(environment: NodeJS.ProcessEnv): Config | undefined {
  try {
    return loadConfig(environment);
  } catch (error) {
    if (error instanceof StartupError) return undefined;
    throw error;
  }
}
