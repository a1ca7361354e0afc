/** Keeps the lease of credentials that were made for this process: renewed while possible, revoked at the end. */
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { asSecretError } from '../errors.ts';
import type { Lease, SecretProvider } from './provider.ts';

export interface LeaseKeeperOptions {
  provider: SecretProvider;
  /** Runs one call within the time limit of an attempt. */
  attempt: <R>(call: (signal: AbortSignal) => Promise<R>) => Promise<R>;
  clock: Clock;
  logger: Logger;
  /** Uniform in [0, 1). */
  random: () => number;
}

export interface LeaseKeeper {
  /** Replaces the lease that is kept; undefined for none. */
  keep(lease: Lease | undefined): void;
  /** Renews the lease. False when new credentials are needed: it cannot be renewed, or not for as long as before. */
  renew(): Promise<boolean>;
  /** Milliseconds until the lease is due for renewal; undefined without a lease. */
  nextRenewal(afterFailure: boolean): number | undefined;
  hasEnded(): boolean;
  /** Milliseconds until the lease ends; undefined without a lease. */
  endsIn(): number | undefined;
  /** Revokes a lease that is no longer used. Never throws. */
  revoke(lease: Lease | undefined): Promise<void>;
}

/** Milliseconds between attempts while neither a renewal nor new credentials are possible. */
const RETRY = 5_000;

export function createLeaseKeeper({
  provider,
  attempt,
  clock,
  logger,
  random,
}: LeaseKeeperOptions): LeaseKeeper {
  let kept: { lease: Lease; endsAt: number; requested: number; renewAt: number } | undefined;

  const remember = (lease: Lease, requested: number) => {
    // At two thirds, up to a tenth earlier, so that replicas do not renew at the same time.
    const renewAt = clock.now() + (lease.duration * 2) / 3 - lease.duration * 0.1 * random();
    kept = { lease, requested, endsAt: clock.now() + lease.duration, renewAt };
  };

  return {
    keep(lease) {
      kept = undefined;
      if (lease) remember(lease, lease.duration);
    },

    async renew() {
      const { renew } = provider;
      const before = kept;
      // Shorter than requested means that its maximum life is near: renewing until the last second is of no use.
      if (!before || !renew || !before.lease.renewable || before.lease.duration < before.requested)
        return false;
      try {
        const renewed = await attempt((signal) => renew(before.lease, { signal }));
        if (kept === before) remember(renewed, before.requested);
        return true;
      } catch (error) {
        logger.warn(
          { lease: before.lease.id, err: asSecretError(error) },
          'lease not renewed; new credentials are read',
        );
        return false;
      }
    },

    nextRenewal(afterFailure) {
      if (!kept) return undefined;
      return afterFailure ? RETRY * (0.5 + 0.5 * random()) : Math.max(kept.renewAt - clock.now(), 0);
    },

    hasEnded: () => kept !== undefined && clock.now() >= kept.endsAt,
    endsIn: () => kept && kept.endsAt - clock.now(),

    async revoke(lease) {
      const { revoke } = provider;
      if (!lease || !revoke) return;
      try {
        await attempt((signal) => revoke(lease, { signal }));
      } catch (error) {
        logger.warn({ lease: lease.id, err: asSecretError(error) }, 'lease not revoked; it ends by itself');
      }
    },
  };
}
