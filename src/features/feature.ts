/** A feature: a part of the service that can be deleted. It has settings, routes, resources and an offer to other features. */
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Clients } from '../clients/index.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { DeclaredSecret, FeatureSecret } from '../declared-secrets.ts';
import type { Answered } from '../http/measure-requests.ts';
import type { Route } from '../http/route.ts';
import type { LiveOf, LiveSecrets } from '../secrets/live-secrets.ts';
import type { OnDemandSecrets } from '../secrets/on-demand.ts';
import type { SecretProvider } from '../secrets/provider.ts';
import type { SecretStore } from '../secrets/store.ts';
import type { Variable } from '../variables.ts';

/** What the core gives to a feature: these, and its clients, such as `database`. */
export interface FeatureContext extends Clients {
  config: Config;
  /** Reads with the identity of the service, which cannot write. */
  provider: SecretProvider;
  store: SecretStore;
  /** The required secrets: those of the core, and the feature's own. */
  live: LiveSecrets;
  /** Every other secret: get, getJson, getString, and set. */
  secrets: OnDemandSecrets;
  /** Every secret of the service, with its shape and its proof. */
  declared: readonly DeclaredSecret[];
  /** Reports every answered request, for counting. */
  requests: { onAnswered(listener: (answered: Answered) => void): void };
  /** Aborts when the service begins to stop. A stream must end then. */
  stopping: AbortSignal;
  /** What another feature offers. Waits until it is created. @throws Error when features/index.ts does not list it */
  use<Offer>(feature: Feature<z.ZodType, Offer>): Promise<Offer>;
  clock: Clock;
  logger: Logger;
}

type OwnSecrets = Readonly<Record<string, FeatureSecret>>;

export interface Feature<
  Settings extends z.ZodType = z.ZodType,
  Offer = unknown,
  Own extends OwnSecrets = OwnSecrets,
> {
  /** Its environment variables, as one object. The configuration report lists what is missing or wrong. */
  settings: Settings;
  /** Secrets of its own by id, beside those of the core. */
  secrets?: Own;
  /** Variables beside those of `settings`: a part of their name is chosen in the environment. */
  variables?: readonly Variable[];
  /** @throws StartupError */
  create(
    context: FeatureContext & { live: LiveOf<Own> },
    settings: z.infer<Settings>,
  ): RunningFeature<Offer> | Promise<RunningFeature<Offer>>;
}

export interface RunningFeature<Offer = unknown> {
  routes: Route[];
  /** Functions for other features, which call them through `use`. */
  offer?: Offer;
  /** Releases its resources, after the last request and before the core closes. */
  close?(): Promise<void>;
}
