/** What a part of the service that can be taken out looks like: its settings, its routes, and what it holds. */
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Database } from '../clients/database/database.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Answered } from '../http/measure-requests.ts';
import type { Route } from '../http/route.ts';
import type { LiveSecrets } from '../secrets/live-secrets.ts';
import type { OnDemandSecrets } from '../secrets/on-demand.ts';
import type { SecretProvider } from '../secrets/provider.ts';
import type { SecretStore } from '../secrets/store.ts';

/** What the core offers to a feature. */
export interface FeatureContext {
  config: Config;
  /** With the identity of the service, which only reads. */
  provider: SecretProvider;
  store: SecretStore;
  /** The secrets that the service cannot do without. */
  live: LiveSecrets;
  /** All others, and writing. */
  secrets: OnDemandSecrets;
  database: Database;
  /** Every answered request, for counting. */
  requests: { onAnswered(listener: (answered: Answered) => void): void };
  /** Aborts when the service begins to stop: answers without an end must end. */
  stopping: AbortSignal;
  clock: Clock;
  logger: Logger;
}

export interface Feature<Settings extends z.ZodType = z.ZodType> {
  /** Its environment variables, as one object. What is missing or wrong is in the report of the configuration. */
  settings: Settings;
  /** @throws StartupError */
  create(context: FeatureContext, settings: z.infer<Settings>): RunningFeature | Promise<RunningFeature>;
}

export interface RunningFeature {
  routes: Route[];
  /** Gives back what it holds, after the last request and before the core closes. */
  close?(): Promise<void>;
}
