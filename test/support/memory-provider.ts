/** A provider in memory whose answers a test controls, for tests of the layers above providers. */
import { SecretError, type SecretErrorCode } from '../../src/errors.ts';
import { createSecret, type SecretProvider, type Stage } from '../../src/secrets/provider.ts';

export function createMemoryProvider() {
  const versions = new Map<string, string[]>();
  const pending = new Map<string, string>();
  const failures: SecretError[] = [];
  let outage: SecretErrorCode | undefined;
  const calls = { read: 0, version: 0, close: 0 };
  /** While set, reads wait for it before they start. */
  let gate: Promise<void> = Promise.resolve();

  const fail = () => {
    const scripted = failures.shift();
    if (scripted) throw scripted;
    if (outage) throw failure(outage, 'everything');
  };
  const find = (name: string, stage: Stage = 'current') => {
    if (stage === 'pending' && pending.has(name))
      return { value: pending.get(name) ?? '', version: 'pending' };
    const all = versions.get(name) ?? [];
    const index = stage === 'current' ? all.length - 1 : stage === 'previous' ? all.length - 2 : -1;
    const value = all[index];
    if (value === undefined) throw failure('not-found', name);
    return { value, version: `v${index + 1}` };
  };

  const put = (name: string, value: object | string) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    versions.set(name, [...(versions.get(name) ?? []), text]);
  };

  const provider: SecretProvider = {
    name: 'memory',
    async read(name, { stage } = {}) {
      calls.read += 1;
      await gate;
      if (stage !== 'previous') fail();
      return createSecret({ name, createdAt: undefined, ...find(name, stage) });
    },
    async version(name) {
      calls.version += 1;
      await gate;
      fail();
      return find(name).version;
    },
    async write(name, value, { expected } = {}) {
      await gate;
      fail();
      const { length } = versions.get(name) ?? [];
      const current = length === 0 ? null : `v${length}`;
      if (expected !== undefined && expected !== current) throw failure('conflict', name);
      put(name, value);
      return find(name).version;
    },
    async close() {
      calls.close += 1;
    },
  };

  return {
    provider,
    calls,
    put,
    /** Written and not yet current. */
    putPending: (name: string, value: object) => pending.set(name, JSON.stringify(value)),
    /** The next calls fail with these codes, in order. */
    failWith: (...codes: SecretErrorCode[]) =>
      failures.push(...codes.map((code) => failure(code, 'scripted'))),
    /** Every call fails with this code until `recover`. */
    fail(code: SecretErrorCode) {
      outage = code;
    },
    recover() {
      outage = undefined;
    },
    /** Holds every call until the returned function is called. */
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return resolve;
    },
  };
}

const failure = (code: SecretErrorCode, name: string) =>
  new SecretError(code, `${name} is ${code}`, { remedy: 'None: this is a test.' });
