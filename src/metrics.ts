/** The metrics of the service, for Prometheus. A label holds a name, a class or a state, never part of a value. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Database } from './clients/database/database.ts';
import type { Clock } from './clock.ts';
import type { Answered } from './http/measure-requests.ts';
import type { Call } from './secrets/measured-provider.ts';
import type { SecretStatus, SecretStore } from './secrets/store.ts';

export interface Metrics {
  called(call: Call): void;
  answered(request: Answered): void;
  /** Reports the state of these parts at each scrape. */
  watch(parts: {
    store: Pick<SecretStore, 'status' | 'isBreakerOpen'>;
    database: Pick<Database, 'status'>;
  }): void;
  contentType: string;
  /** https://prometheus.io/docs/instrumenting/exposition_formats/ */
  text(): Promise<string>;
}

/** Seconds, from an answer out of memory to the longest wait of a caller. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Every outcome of a call. A code that the type gains and this list does not have fails the build. */
const OUTCOMES = Object.keys({
  ok: true,
  'not-found': true,
  denied: true,
  identity: true,
  disabled: true,
  conflict: true,
  throttled: true,
  unavailable: true,
  invalid: true,
} satisfies Record<Call['outcome'], true>);

const OPERATIONS = ['read', 'version', 'write', 'renew', 'revoke'] as const satisfies Call['operation'][];

/** @param provider name of the backend: the value of the label `provider` */
export function createMetrics({ provider, clock }: { provider: string; clock: Clock }): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const calls = new Counter({
    name: 'secret_backend_calls_total',
    help: 'Calls to the secret backend by operation and outcome: ok, or the class of the error.',
    labelNames: ['provider', 'operation', 'outcome'] as const,
    registers,
  });
  // A counter that first appears at 1 has no increase, so an alert on `increase()` would miss the first failure.
  for (const operation of OPERATIONS)
    for (const outcome of OUTCOMES) calls.inc({ provider, operation, outcome }, 0);

  const callSeconds = new Histogram({
    name: 'secret_backend_call_duration_seconds',
    help: 'Duration of calls to the secret backend.',
    labelNames: ['provider', 'operation'] as const,
    buckets: BUCKETS,
    registers,
  });
  const requestSeconds = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Duration of requests by route. The route is the pattern, such as /users/:id.',
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
      /** One series for each secret, none while the number is undefined. */
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

      perSecret(Gauge, 'secret_age_seconds', 'Time since the backend last confirmed the secret.', ({ age }) =>
        seconds(age),
      );
      perSecret(
        Gauge,
        'secret_version_age_seconds',
        'Time since the version in use was made: since the last rotation.',
        ({ createdAt }) => seconds(createdAt && clock.wall() - createdAt.getTime()),
      );
      perSecret(
        Gauge,
        'secret_expires_in_seconds',
        'Time until the secret expires in the backend. Missing for a secret without an expiry.',
        ({ expiresIn }) => seconds(expiresIn),
      );
      perSecret(
        Gauge,
        'secret_lease_ends_in_seconds',
        'Time until the lease of leased credentials ends, unless it is renewed.',
        ({ leaseEndsIn }) => seconds(leaseEndsIn),
      );
      perSecret(Gauge, 'secret_usable', '1 while the secret is usable, otherwise 0.', ({ usable }) =>
        Number(usable),
      );
      perSecret(
        Gauge,
        'secret_stale',
        '1 while the backend cannot confirm the secret, otherwise 0.',
        ({ lastFailure }) => Number(lastFailure !== undefined),
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
        'Number of times that another version came into use.',
        ({ rotations }) => rotations,
      );
      new Gauge({
        name: 'secret_backend_breaker_open',
        help: '1 while the breaker is open and no call reaches the backend.',
        registers,
        collect() {
          this.set(Number(store.isBreakerOpen()));
        },
      });
      new Gauge({
        name: 'database_connections',
        help: 'Connections in use by state, and callers waiting for one.',
        labelNames: ['state'],
        registers,
        collect() {
          for (const [state, count] of Object.entries(database.status().connections))
            this.set({ state }, count);
        },
      });
      new Gauge({
        name: 'database_draining_generations',
        help: 'Pools of earlier credentials that are still open.',
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
