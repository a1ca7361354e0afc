/** What the service measures, for Prometheus. A label holds a name, a class or a state; never anything of a value. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Database } from './clients/database/database.ts';
import type { Answered } from './http/measure-requests.ts';
import type { Call } from './secrets/measured-provider.ts';
import type { SecretStatus, SecretStore } from './secrets/store.ts';

export interface Metrics {
  called(call: Call): void;
  answered(request: Answered): void;
  /** Shows, whenever it is asked, how these are doing. */
  watch(parts: {
    store: Pick<SecretStore, 'status' | 'isBreakerOpen'>;
    database: Pick<Database, 'status'>;
  }): void;
  contentType: string;
  /** https://prometheus.io/docs/instrumenting/exposition_formats/ */
  text(): Promise<string>;
}

/** Seconds: from a look in memory to the longest that a caller waits. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const calls = new Counter({
    name: 'secret_backend_calls_total',
    help: 'Calls to the secret backend by operation and outcome: ok, or the class of the error.',
    labelNames: ['provider', 'operation', 'outcome'] as const,
    registers,
  });
  const callSeconds = new Histogram({
    name: 'secret_backend_call_duration_seconds',
    help: 'Duration of calls to the secret backend.',
    labelNames: ['provider', 'operation'] as const,
    buckets: BUCKETS,
    registers,
  });
  const requestSeconds = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Duration of requests by route, as the route is written and not as it was asked for.',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: BUCKETS,
    registers,
  });

  return {
    called({ provider, operation, outcome, milliseconds }) {
      calls.inc({ provider, operation, outcome });
      callSeconds.observe({ provider, operation }, milliseconds / 1000);
    },

    answered({ method, route, status, milliseconds }) {
      requestSeconds.observe({ method, route, status }, milliseconds / 1000);
    },

    watch({ store, database }) {
      /** One number for each secret; none where there is none to tell. */
      const perSecret = (
        Metric: typeof Gauge<'secret'> | typeof Counter<'secret'>,
        name: string,
        help: string,
        tell: (status: SecretStatus) => number | undefined,
      ) =>
        new Metric({
          name,
          help,
          labelNames: ['secret'],
          registers,
          collect() {
            this.reset();
            for (const status of store.status()) {
              const value = tell(status);
              if (value !== undefined) this.inc({ secret: status.id }, value);
            }
          },
        });
      const seconds = (milliseconds: number | undefined) => milliseconds && milliseconds / 1000;

      perSecret(Gauge, 'secret_age_seconds', 'Since the backend last confirmed the secret.', ({ age }) =>
        seconds(age),
      );
      perSecret(
        Gauge,
        'secret_expires_in_seconds',
        'Until the backend lets the secret end, where it does.',
        ({ expiresIn }) => seconds(expiresIn),
      );
      perSecret(
        Gauge,
        'secret_lease_ends_in_seconds',
        'Until the lease of leased credentials ends, unless it is renewed.',
        ({ leaseEndsIn }) => seconds(leaseEndsIn),
      );
      perSecret(Gauge, 'secret_usable', '0 once the secret may not be used any more.', ({ usable }) =>
        Number(usable),
      );
      perSecret(Gauge, 'secret_stale', '1 while the backend cannot confirm the secret.', ({ lastFailure }) =>
        Number(lastFailure !== undefined),
      );
      perSecret(
        Counter,
        'secret_served_stale_total',
        'Uses of the secret while the backend could not confirm it.',
        ({ servedStale }) => servedStale,
      );
      perSecret(
        Counter,
        'secret_rotations_total',
        'Times that another version came into use.',
        ({ rotations }) => rotations,
      );
      new Gauge({
        name: 'secret_backend_breaker_open',
        help: '1 while the backend has failed so often that it is not asked.',
        registers,
        collect() {
          this.set(Number(store.isBreakerOpen()));
        },
      });
      new Gauge({
        name: 'database_connections',
        help: 'Connections in use by state, and callers who wait for one.',
        labelNames: ['state'],
        registers,
        collect() {
          for (const [state, count] of Object.entries(database.status().connections))
            this.set({ state }, count);
        },
      });
      new Gauge({
        name: 'database_draining_generations',
        help: 'Pools of earlier credentials that have not ended yet.',
        registers,
        collect() {
          this.set(database.status().draining);
        },
      });
    },

    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
}
