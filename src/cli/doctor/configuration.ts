/** Is the configuration whole? What is wrong is left out afterwards, so that the rest can be looked at. */

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
    const chosen = findBackend(environment.SECRET_PROVIDER ?? '');
    if (chosen) findings.chosen = chosen;
    try {
      findings.config = loadConfig(environment, FEATURES);
      findings.backend = await findings.config.createProvider();
    } catch (error) {
      if (error instanceof StartupError) await useTheRest(error, environment, findings);
      throw error;
    }
    return `${chosen?.title}, secrets named as ${findings.config.secretNames.database}`;
  },
};

/** Without the variables that are wrong their defaults hold; where there is none, there is no backend to ask. */
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
  findings.backend = await config.createProvider();
}

function load(environment: NodeJS.ProcessEnv): Config | undefined {
  try {
    return loadConfig(environment);
  } catch (error) {
    if (error instanceof StartupError) return undefined;
    throw error;
  }
}
