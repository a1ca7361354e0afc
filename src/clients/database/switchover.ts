/**
 * Which generation of connections is in use. A new one is proven before it replaces the old; when logins are refused,
 * the ladder is climbed: the current secret as the backend has it now, then the pending one, then the previous.
 */
import type { LiveSecret, Loaded } from '../../secrets/live-secret.ts';
import type { DatabaseSecret } from '../../secrets/schemas.ts';
import { isLoginRefused } from './errors.ts';
import { createGeneration, type Generation, type GenerationOptions } from './pool.ts';

export interface Generations {
  /** Proves the current secret, or what the ladder has in its place. @throws what PostgreSQL says of the current one */
  start(): Promise<void>;
  active(): Generation;
  /** How many still have users, or are about to end, beside the active one. */
  draining(): number;
  /** Proves a version and swaps it in. @throws what PostgreSQL says; nothing has changed then */
  switchTo(loaded: Loaded<DatabaseSecret>): Promise<Generation>;
  /**
   * After logins of `refused` failed: one climb of the ladder, together with everybody else. Resolves with whether
   * another generation is in use now. @throws what is no refused login
   */
  recover(refused: Generation): Promise<boolean>;
  /** Resolves when every generation has ended and its lease is given back. */
  close(): Promise<void>;
}

export interface GenerationsOptions extends GenerationOptions {
  secret: LiveSecret<DatabaseSecret>;
}

/** Milliseconds between two climbs, and between two looks at the stages beside the current one. */
const CLIMB_PAUSE = 1_000;
const STAGES_COOLDOWN = 5_000;
const LONGEST_RETRY = 30_000;

export function createGenerations({ secret, ...options }: GenerationsOptions): Generations {
  const { clock, logger } = options;
  const draining = new Set<Promise<void>>();
  let current: Generation | undefined;
  let switching: { version: string; done: Promise<Generation> } | undefined;
  let climbing: Promise<boolean> | undefined;
  let stagesCoolUntil = Number.NEGATIVE_INFINITY;
  let newest: string | undefined;
  let closed = false;

  const active = (): Generation => {
    if (!current) throw new Error('The database is used before it was started.');
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

  /** Everybody who needs the same version waits for the same proof. */
  const switchTo = (loaded: Loaded<DatabaseSecret>): Promise<Generation> => {
    if (current?.version === loaded.version) return Promise.resolve(current);
    if (switching?.version === loaded.version) return switching.done;
    const done = build(loaded).finally(() => {
      if (switching?.done === done) switching = undefined;
    });
    switching = { version: loaded.version, done };
    return done;
  };

  /** A secret that rotated may be ahead of the database: tried until it works or another has come. */
  const adopt = async (loaded: Loaded<DatabaseSecret>) => {
    newest = loaded.version;
    for (
      let pause = CLIMB_PAUSE;
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

  /** What may work in place of the refused version, in the order of the ladder. */
  async function* candidates(refused: string): AsyncGenerator<Loaded<DatabaseSecret>> {
    // Not current(): what must not be used any more is exactly what must be replaced.
    const { loaded: known } = await secret.refreshIfStale(refused);
    if (known.version !== refused) yield known;
    const { loaded: fresh } = await secret.refreshIfStale(known.version);
    if (fresh.version !== known.version) yield fresh;
    if (clock.now() < stagesCoolUntil) return;
    stagesCoolUntil = clock.now() + STAGES_COOLDOWN;
    for (const stage of ['pending', 'previous'] as const) {
      const other = await secret.readStage(stage);
      if (other && other.version !== refused) yield other;
    }
  }

  const climb = async (refused: string): Promise<boolean> => {
    for await (const candidate of candidates(refused)) {
      try {
        await switchTo(candidate);
        return true;
      } catch (error) {
        if (!isLoginRefused(error)) throw error;
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
        if (!isLoginRefused(error) || !(await climb(loaded.version))) throw error;
      }
    },

    recover(refused) {
      if (refused !== current) return Promise.resolve(true);
      climbing ??= climb(refused.version)
        .then(async (climbed) => {
          if (!climbed) await clock.sleep(CLIMB_PAUSE);
          return climbed;
        })
        .finally(() => {
          climbing = undefined;
        });
      return climbing;
    },

    async close() {
      closed = true;
      if (current) retire(current);
      await Promise.all(draining);
    },
  };
}
