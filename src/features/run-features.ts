/** Creates the features and gives each of them access to what the others offer. */
import type { z } from 'zod';
import type { Feature, FeatureContext, RunningFeature } from './feature.ts';

/**
 * @param settingsOf returns the parsed settings of a feature
 * @throws the first error of a feature
 */
export async function runFeatures(
  features: readonly Feature[],
  context: Omit<FeatureContext, 'use'>,
  settingsOf: (feature: Feature) => unknown,
): Promise<RunningFeature[]> {
  const running = new Map<Feature, Promise<RunningFeature>>();

  const use = async <Offer>(feature: Feature<z.ZodType, Offer>): Promise<Offer> => {
    const found = running.get(feature);
    if (!found) throw new Error('A feature uses another that is not in features/index.ts.');
    return (await found).offer as Offer;
  };

  for (const feature of features)
    running.set(
      feature,
      // Later, so that every feature is known to `use` before the first one runs.
      Promise.resolve().then(() => feature.create({ ...context, use }, settingsOf(feature))),
    );
  return Promise.all(running.values());
}
