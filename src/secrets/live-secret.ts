/** What a client sees of a secret that stays up to date while the process runs. */
import type { z } from 'zod';
import type { Lease, Stage } from './provider.ts';

export interface SecretDefinition<T> {
  id: string;
  /** The backend's name. */
  name: string;
  schema: z.ZodType<T>;
  /** For backends that may store one secret per field. */
  fields: readonly string[];
  /** Also loads the version before the current one, where the backend keeps it. Default false. */
  history?: boolean;
}

/** A version that passed validation. */
export interface Loaded<T> {
  readonly value: T;
  readonly version: string;
  readonly createdAt: Date | undefined;
  readonly expiresAt: Date | undefined;
  /** When this process got it, on the monotonic clock. */
  readonly loadedAt: number;
  /** The value before this one, if it is known. */
  readonly previous: T | undefined;
  readonly lease: Lease | undefined;
}

export interface LiveSecret<T> {
  readonly id: string;
  readonly name: string;
  /** The last good version. Does no I/O. @throws Error before it is loaded; SecretError when it must not be used any more: taken away on purpose, or past its lease */
  current(): Loaded<T>;
  /**
   * For a caller whose version was just refused. Another version than `seenVersion` is returned at once;
   * else the backend is asked, together with everybody else who asks, at most once per cooldown, for which a
   * caller waits unless the backend has just confirmed that very version. The same version back means that
   * nothing changed or that the backend could not say. Never throws.
   */
  refreshIfStale(seenVersion: string): Promise<Loaded<T>>;
  /** Asks the backend for the version and, only if that changed, for the value. Never throws. */
  refresh(): Promise<Loaded<T>>;
  /** Whether the backend has said, within the cooldown and after a caller's doubt, that nothing newer exists. */
  isConfirmed(version: string): boolean;
  /** Whether the backend refuses to give it any more, on purpose: unlike a lease that ends, another read changes nothing. */
  isRevoked(): boolean;
  /** Milliseconds from `since`, or from the last failed look if that was later, to the last good one. */
  confirmedFor(since: number): number;
  /** Another stage of the secret, or undefined where there is none to be had. Not kept. Never throws. */
  readStage(stage: Exclude<Stage, 'current'>): Promise<Loaded<T> | undefined>;
  /** Calls `listener` after each change of version, with a validated value. */
  onRotated(listener: (loaded: Loaded<T>) => void): void;
  /** Nothing uses this version any more: its lease, if it has one, is given back. Never throws. */
  release(loaded: Loaded<T>): Promise<void>;
}
