/**
 * Which generation of connections is in use. A new one is proven before it replaces the old. When connecting fails,
 * other versions of the secret are tried in order: the current one as the backend has it now, pending, previous.
 */
import type { LiveSecret, Loaded } from '../../secrets/live-secret.ts';
import type { DatabaseSecret } from '../../secrets/schemas.ts';
import { canSecretHelp, isRefused } from './errors.ts';
import { createGeneration, type Generation, type GenerationOptions } from './pool.ts';

export interface Generations {
  /** Proves the current secret, or another version in its place. @throws the error of the current one */
  start(): Promise<void>;
  active(): Generation;
  /** How many retired generations still have users or are about to end. */
  draining(): number;
  /** Proves a version and takes it into use. @throws the error of PostgreSQL; nothing has changed then */
  switchTo(loaded: Loaded<DatabaseSecret>): Promise<Generation>;
  /**
   * Tries the other versions of the secret once, for all callers together. Resolves with whether another generation is
   * in use now. `otherStages` includes the pending and the previous version: only where the server refused the current
   * one, because a previous version may name a server that was replaced. Never throws.
   */
  replace(failed: Generation, options: { otherStages: boolean }): Promise<boolean>;
  /** Resolves when every generation has ended and its lease is revoked. */
  close(): Promise<void>;
}

export interface GenerationsOptions extends GenerationOptions {
  secret: LiveSecret<DatabaseSecret>;
}

/** Milliseconds between two reads of the other stages, and between two attempts with a version that does not work. */
const STAGES_COOLDOWN = 5_000;
const FIRST_RETRY = 1_000;
const LONGEST_RETRY = 30_000;

export function createGenerations({ secret, ...options }: GenerationsOptions): Generations {
  const { clock, logger } = options;
  const draining = new Set<Promise<void>>();
  let current: Generation | undefined;
  let switching: { version: string; done: Promise<Generation> } | undefined;
  let replacing: Promise<boolean> | undefined;
  let stagesCoolUntil = Number.NEGATIVE_INFINITY;
  let newest: string | undefined;
  let closed = false;

  const active = (): Generation => {
    if (!current) throw new Error('The database is used before it has started.');
    return current;
  };

  const retire = (old: Generation) => {
    const done: Promise<void> = old
      .retire()
      .catch((error) => logger.warn({ err: error, version: old.version }, 'connections did not end cleanly'))
      .then(() => secret.release(old.loaded))
      .finally(() => draining.delete(done));
    draining.add(done);
  };

  const build = async (loaded: Loaded<DatabaseSecret>): Promise<Generation> => {
    const next = createGeneration(loaded, options);
    try {
      await next.prove();
    } catch (error) {
      // Not retired: the lease of a version that will be tried again must live.
      void next.retire().catch(() => {});
      throw error;
    }
    const old = current;
    current = next;
    if (old) retire(old);
    logger.info({ version: next.version, username: loaded.value.username }, 'database connections switched');
    return next;
  };

  /** Callers that need the same version wait for the same proof. */
  const switchTo = (loaded: Loaded<DatabaseSecret>): Promise<Generation> => {
    if (current?.version === loaded.version) return Promise.resolve(current);
    if (switching?.version === loaded.version) return switching.done;
    const done = build(loaded).finally(() => {
      if (switching?.done === done) switching = undefined;
    });
    switching = { version: loaded.version, done };
    return done;
  };

  /** A rotated secret may be ahead of the database: tried until it works or another version comes. */
  const adopt = async (loaded: Loaded<DatabaseSecret>) => {
    newest = loaded.version;
    for (
      let pause = FIRST_RETRY;
      !closed && newest === loaded.version;
      pause = Math.min(pause * 2, LONGEST_RETRY)
    ) {
      try {
        await switchTo(loaded);
        return;
      } catch (error) {
        logger.error(
          { err: error, version: loaded.version },
          'the rotated database secret does not work yet; keeping the old one',
        );
        await clock.sleep(pause);
      }
    }
  };
  secret.onRotated((loaded) => void adopt(loaded));

  /** Versions that may work in place of the failed one. */
  async function* candidates(failed: string, otherStages: boolean): AsyncGenerator<Loaded<DatabaseSecret>> {
    // Not current(): it throws for a version that must not be used any more, and that is the one to replace.
    const { loaded: known } = await secret.refreshIfStale(failed);
    if (known.version !== failed) yield known;
    const { loaded: fresh } = await secret.refreshIfStale(known.version);
    if (fresh.version !== known.version) yield fresh;
    if (!otherStages || clock.now() < stagesCoolUntil) return;
    stagesCoolUntil = clock.now() + STAGES_COOLDOWN;
    for (const stage of ['pending', 'previous'] as const) {
      const other = await secret.readStage(stage);
      if (other && other.version !== failed) yield other;
    }
  }

  const tryOthers = async (failed: string, otherStages: boolean): Promise<boolean> => {
    for await (const candidate of candidates(failed, otherStages)) {
      try {
        await switchTo(candidate);
        return true;
      } catch (error) {
        const { version } = candidate;
        logger.warn({ err: error, version }, 'another version of the database secret does not work either');
      }
    }
    return false;
  };

  return {
    active,
    draining: () => draining.size,
    switchTo,

    async start() {
      const loaded = secret.current();
      try {
        await switchTo(loaded);
      } catch (error) {
        if (!canSecretHelp(error) || !(await tryOthers(loaded.version, isRefused(error)))) throw error;
      }
    },

    replace(failed, { otherStages }) {
      if (failed !== current) return Promise.resolve(true);
      replacing ??= tryOthers(failed.version, otherStages).finally(() => {
        replacing = undefined;
      });
      return replacing;
    },

    async close() {
      closed = true;
      if (current) retire(current);
      await Promise.all(draining);
    },
  };
}
