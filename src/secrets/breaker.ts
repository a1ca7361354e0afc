/** Spares a backend that does not answer: after five failures in a row for 10 s, doubling up to two minutes. */
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { asSecretError, SecretError } from '../errors.ts';
import type { SecretProvider } from './provider.ts';

const THRESHOLD = 5;
const FIRST_PAUSE = 10_000;
const LONGEST_PAUSE = 120_000;

export interface BreakerOptions {
  clock: Clock;
  logger: Logger;
  /** Uniform in [0, 1). */
  random: () => number;
}

export interface Breaker {
  /** The same provider behind the breaker. */
  provider: SecretProvider;
  /** Whether calls fail without being made. */
  isOpen(): boolean;
}

/**
 * Puts a provider behind a breaker. Only temporary failures count: a backend that denies is up. While open, calls
 * fail at once as `unavailable`; then one probe decides. An urgent call goes past the breaker and does not count.
 */
export function withBreaker(provider: SecretProvider, { clock, logger, random }: BreakerOptions): Breaker {
  let failures = 0;
  let pause = FIRST_PAUSE;
  let openUntil = Number.NEGATIVE_INFINITY;
  let probing = false;

  const isTripped = () => failures >= THRESHOLD;

  const close = () => {
    if (isTripped()) logger.info({ provider: provider.name }, 'the secret backend answers again');
    failures = 0;
    pause = FIRST_PAUSE;
  };

  const open = () => {
    // Up to a fifth longer, so that replicas do not probe at the same time.
    openUntil = clock.now() + pause * (1 + 0.2 * random());
    logger.error(
      { provider: provider.name, pauseMs: pause },
      'the secret backend does not answer; it is left alone for a while',
    );
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  };

  const guard = async <R>(call: () => Promise<R>, urgent = false): Promise<R> => {
    if (urgent) return call();
    if (isTripped() && (probing || clock.now() < openUntil))
      throw notAsked(provider.name, openUntil - clock.now());
    const isProbe = isTripped();
    probing = isProbe;
    try {
      const result = await call();
      close();
      return result;
    } catch (error) {
      if (!asSecretError(error).retryable) close();
      else {
        failures += 1;
        if (failures === THRESHOLD || isProbe) open();
      }
      throw error;
    } finally {
      if (isProbe) probing = false;
    }
  };

  const { version } = provider;
  return {
    provider: {
      ...provider,
      read: (name, options) => guard(() => provider.read(name, options), options?.urgent),
      ...(version && { version: (name, options) => guard(() => version(name, options), options?.urgent) }),
    },
    isOpen: isTripped,
  };
}

const notAsked = (name: string, retryAfter: number) =>
  new SecretError('unavailable', `The backend of ${name} has not answered lately and is left alone for now`, {
    remedy: 'Check the backend and the network path to it. The service tries again by itself.',
    retryAfter: Math.max(retryAfter, 0),
  });
