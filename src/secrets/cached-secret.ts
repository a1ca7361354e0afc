/** One secret that is read on demand: what the backend said last, one read at a time, writes one after another. */
import type { Clock } from '../clock.ts';
import { withinTime } from '../deadline.ts';
import { asSecretError, SecretError, type SecretErrorCode } from '../errors.ts';
import { isPlaceholder } from './parse-secret.ts';
import type { SecretProvider, WriteOptions } from './provider.ts';
import { createSingleFlight } from './single-flight.ts';

/** Describes a secret without its value. */
export interface CachedStatus {
  name: string;
  version: string | undefined;
  createdAt: Date | undefined;
  /** Milliseconds until the backend lets it end, where it does. */
  expiresIn: number | undefined;
  /** Milliseconds since the backend said so. */
  age: number;
  /** Why the last read failed; undefined after a good one. */
  lastFailure: SecretErrorCode | undefined;
}

export interface CachedSecret {
  readonly name: string;
  /**
   * The text, not older than `maxAge` milliseconds; undefined where there is none or a placeholder.
   * @throws SecretError
   */
  read(maxAge: number): Promise<string | undefined>;
  /** @returns the version, which is what later reads get. @throws SecretError */
  write(text: string, options: Pick<WriteOptions, 'expected'>): Promise<string>;
  /** Whether it is being read or written now. */
  isBusy(): boolean;
  /** Undefined before anything is known. */
  status(): CachedStatus | undefined;
}

export interface CachedSecretOptions {
  /** Behind a breaker. */
  provider: SecretProvider;
  getWriter: () => Promise<SecretProvider>;
  clock: Clock;
}

/** What the backend said; without a text there is no such secret. */
interface Answer {
  text: string | undefined;
  version?: string;
  createdAt?: Date | undefined;
  expiresAt?: Date | undefined;
  /** When it was asked, on the monotonic clock. */
  at: number;
}

/** Milliseconds for which it is believed that there is no such secret: somebody may be about to create it. */
const MISS_TTL = 5_000;
/** Milliseconds within which those who ask count as asking at once. */
const SAME_MOMENT = 10;
/** Milliseconds one read may take, and one write. */
const READ_TIMEOUT = 3_000;
const WRITE_TIMEOUT = 10_000;

export function createCachedSecret(
  name: string,
  { provider, getWriter, clock }: CachedSecretOptions,
): CachedSecret {
  const flights = createSingleFlight<Answer>();
  let flightBegan = Number.NEGATIVE_INFINITY;
  let last: Answer | undefined;
  let lastFailure: SecretErrorCode | undefined;
  let writes = 0;
  let lastWrite: Promise<unknown> = Promise.resolve();

  const ask = async (urgent: boolean): Promise<Answer> => {
    const at = clock.now();
    try {
      const { value, version, createdAt, expiresAt } = await withinTime(READ_TIMEOUT, clock, (signal) =>
        provider.read(name, { urgent, signal }),
      );
      return { text: isPlaceholder(value) ? undefined : value, version, createdAt, expiresAt, at };
    } catch (error) {
      if (error instanceof SecretError && error.code === 'not-found') return { text: undefined, at };
      throw error;
    }
  };

  const fetch = (urgent: boolean): Promise<Answer> =>
    flights.join(async (isCurrent) => {
      flightBegan = clock.now();
      try {
        const answer = await ask(urgent);
        if (isCurrent()) [last, lastFailure] = [answer, undefined];
        return answer;
      } catch (error) {
        if (isCurrent()) lastFailure = asSecretError(error).code;
        throw error;
      }
    });

  const isFresh = ({ text, at }: Answer, maxAge: number) =>
    clock.now() - at < (text === undefined ? Math.min(maxAge, MISS_TTL) : maxAge);

  /** A read that began before says nothing any more, whether the write succeeded or not. */
  const replace = (answer: Answer | undefined) => {
    flights.abandon();
    [last, lastFailure] = [answer, undefined];
  };

  const write = async (text: string, { expected }: Pick<WriteOptions, 'expected'>): Promise<string> => {
    const writer = await getWriter();
    if (!writer.write) throw cannotWrite(writer.name);
    const { write: put } = writer;
    try {
      const at = clock.now();
      const version = await withinTime(WRITE_TIMEOUT, clock, (signal) =>
        put(name, text, { expected, signal }),
      );
      const createdAt = new Date(clock.wall());
      replace({ text: isPlaceholder(text) ? undefined : text, version, createdAt, at });
      return version;
    } catch (error) {
      replace(undefined);
      throw error;
    }
  };

  return {
    name,

    async read(maxAge) {
      if (last && isFresh(last, maxAge)) return last.text;
      const urgent = maxAge <= 0;
      // A read that began before may bring back what the caller has just found to be outdated.
      const isTooEarly = clock.now() - flightBegan > Math.max(maxAge, SAME_MOMENT);
      if (flights.isFlying() && isTooEarly) await fetch(urgent).catch(() => {});
      return (await fetch(urgent)).text;
    },

    write(text, options) {
      writes += 1;
      const done = lastWrite
        .then(() => write(text, options))
        .finally(() => {
          writes -= 1;
        });
      lastWrite = done.catch(() => {});
      return done;
    },

    isBusy: () => writes > 0 || flights.isFlying(),

    status: () =>
      last && {
        name,
        version: last.version,
        createdAt: last.createdAt,
        expiresIn: last.expiresAt && last.expiresAt.getTime() - clock.wall(),
        age: clock.now() - last.at,
        lastFailure,
      },
  };
}

const cannotWrite = (provider: string) =>
  new SecretError('invalid', `The provider ${provider} cannot write`, {
    remedy: 'Write where the secrets come from, or choose a provider that can write.',
  });
