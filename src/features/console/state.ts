/** What the page shows of each secret and of the database's connections. Never a value. */
import type { FeatureContext } from '../feature.ts';

export interface SecretState {
  /** The service's own name; null for a secret that is only read on demand. */
  id: string | null;
  /** The backend's name. */
  name: string;
  version: string | null;
  /** Seconds since this version was made; null where the backend does not say. */
  age: number | null;
  /** Seconds since the backend last confirmed it. */
  confirmed: number;
  expiresIn: number | null;
  leaseEndsIn: number | null;
  /** `ok`, or the class of the error of the last check. */
  lastOutcome: string;
  usable: boolean;
  rotations: number | null;
}

export interface State {
  provider: string;
  environment: string;
  sandbox: boolean;
  secrets: SecretState[];
  /** The version whose connections serve, and how many there are. */
  database: { version: string; busy: number; idle: number; waiting: number; draining: number };
}

type Sources = Pick<FeatureContext, 'config' | 'store' | 'secrets' | 'database' | 'clock'>;

export function stateOf(
  { config, store, secrets, database, clock }: Sources,
  { hasSandbox }: { hasSandbox: boolean },
): State {
  const required = store.status().map((status) => ({ ...status, id: status.id as string | null }));
  const onDemand = secrets
    .status()
    .filter(({ name }) => !required.some((secret) => secret.name === name))
    .map((status) => ({ ...status, id: null, usable: true, rotations: null, leaseEndsIn: undefined }));
  const { connections, draining, version } = database.status();
  return {
    provider: config.backend.name,
    environment: config.environment,
    sandbox: hasSandbox,
    secrets: [...required, ...onDemand].map((status) => ({
      id: status.id,
      name: status.name,
      version: status.version ?? null,
      age: seconds(status.createdAt && clock.wall() - status.createdAt.getTime()),
      confirmed: Math.round(status.age / 1000),
      expiresIn: seconds(status.expiresIn),
      leaseEndsIn: seconds(status.leaseEndsIn),
      lastOutcome: status.lastFailure ?? 'ok',
      usable: status.usable,
      rotations: status.rotations,
    })),
    database: { version, ...connections, draining },
  };
}

const seconds = (milliseconds: number | undefined): number | null =>
  milliseconds === undefined ? null : Math.round(milliseconds / 1000);
