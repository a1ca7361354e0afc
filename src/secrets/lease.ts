/** Keeps the lease of credentials that were made for this process: renewed while that works, given back at the end. */
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { asSecretError } from '../errors.ts';
import type { Lease, SecretProvider } from './provider.ts';

export interface LeaseKeeperOptions {
  provider: SecretProvider;
  /** Runs one call within the time that an attempt may take. */
  attempt: <R>(call: (signal: AbortSignal) => Promise<R>) => Promise<R>;
  clock: Clock;
  logger: Logger;
  /** Uniform in [0, 1). */
  random: () => number;
}

export interface LeaseKeeper {
  /** From now on keeps this lease, or none. */
  keep(lease: Lease | undefined): void;
  /** Renews the lease. False when new credentials are needed instead: it ends for good or could not be renewed. */
  prolong(): Promise<boolean>;
  /** Milliseconds until the lease wants attention; undefined without a lease. */
  nextLook(afterFailure: boolean): number | undefined;
  hasEnded(): boolean;
  /** Milliseconds until the lease ends; undefined without a lease. */
  endsIn(): number | undefined;
  /** Ends a lease that nothing uses any more. Never throws. */
  giveBack(lease: Lease | undefined): Promise<void>;
}

/** Milliseconds between attempts while neither renewing nor new credentials work. */
const RETRY = 5_000;

export function createLeaseKeeper({
  provider,
  attempt,
  clock,
  logger,
  random,
}: LeaseKeeperOptions): LeaseKeeper {
  let kept: { lease: Lease; endsAt: number; asked: number; lookAt: number } | undefined;

  const remember = (lease: Lease, asked: number) => {
    // At two thirds, up to a tenth earlier, so that replicas do not ask in step.
    const lookAt = clock.now() + (lease.duration * 2) / 3 - lease.duration * 0.1 * random();
    kept = { lease, asked, endsAt: clock.now() + lease.duration, lookAt };
  };

  return {
    keep(lease) {
      kept = undefined;
      if (lease) remember(lease, lease.duration);
    },

    async prolong() {
      const { renew } = provider;
      const before = kept;
      // Shorter than asked means that its longest life is near: no use in renewing until the last second.
      if (!before || !renew || !before.lease.renewable || before.lease.duration < before.asked) return false;
      try {
        const renewed = await attempt((signal) => renew(before.lease, { signal }));
        if (kept === before) remember(renewed, before.asked);
        return true;
      } catch (error) {
        logger.warn(
          { lease: before.lease.id, err: asSecretError(error) },
          'lease not renewed; asking for new credentials',
        );
        return false;
      }
    },

    nextLook(afterFailure) {
      if (!kept) return undefined;
      return afterFailure ? RETRY * (0.5 + 0.5 * random()) : Math.max(kept.lookAt - clock.now(), 0);
    },

    hasEnded: () => kept !== undefined && clock.now() >= kept.endsAt,
    endsIn: () => kept && kept.endsAt - clock.now(),

    async giveBack(lease) {
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
