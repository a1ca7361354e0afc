/** Every fault, in the order of the table, with the way to cause it on each backend, or the reason why it cannot occur. */
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import type { Request } from 'express';
import type { BackendName } from '../../sandbox/backends.ts';
import type { Fault } from '../../sandbox/faults.ts';
import type { Cell } from './cell.ts';
import type { Required } from './world.ts';

export type Phase = 'startup' | 'runtime';

/** Causes the fault. Resolves with the function that ends it. */
export type Effect = (cell: Cell, secret: Required, phase: Phase) => Promise<() => Promise<void> | void>;

export interface FaultDefinition {
  title: string;
  /** A string is the reason why the fault cannot occur on this backend. */
  effects: Record<BackendName, Effect | string>;
  /** Affects one secret at a time, or all secrets of the backend. */
  strikes: 'one' | 'all';
  /** The secrets that can have the fault, where not all can, and the reason. */
  only?: { secrets: Required[]; because: string };
  /** The reason why it cannot occur while the service runs. */
  notAtRuntime?: string;
}

const NO_NETWORK = 'files are read without a network';
const NO_LOGIN = 'access to files needs no login';
const NO_SEAL = 'only Vault has a seal and standbys';

const everywhere = (effect: Effect): Record<BackendName, Effect> => ({
  aws: effect,
  vault: effect,
  azure: effect,
  file: effect,
});
const overNetwork = (effect: Effect): Record<BackendName, Effect | string> => ({
  ...everywhere(effect),
  file: NO_NETWORK,
});
const onlyVault = (effect: Effect): Record<BackendName, Effect | string> => ({
  aws: NO_SEAL,
  vault: effect,
  azure: NO_SEAL,
  file: NO_SEAL,
});

/** Shown to every request that names the secret; also to logins and similar requests when it strikes all. */
const shown =
  (fault: Fault, strikes: 'one' | 'all' = 'one'): Effect =>
  async ({ network, nameOf }, secret) => {
    const name = nameOf(secret);
    const namesIt = ({ url, body }: Request) =>
      decodeURIComponent(url).includes(name) || JSON.stringify(body ?? '').includes(name);
    const matches = strikes === 'all' ? () => true : namesIt;
    return network?.faults.inject(fault, { matches }) ?? (() => {});
  };

const over = (title: string, fault: Fault, file: string): FaultDefinition => ({
  title,
  effects: { ...everywhere(shown(fault)), file },
  strikes: 'one',
});

/** Written to the backend as a normal version. */
const stored =
  (text: Record<Required, string> | string): Effect =>
  async ({ put, world }, secret) => {
    await put(secret, typeof text === 'string' ? text : text[secret]);
    return () => put(secret, JSON.stringify(world.values[secret]));
  };

const again: (cell: Cell, secret: Required) => () => Promise<void> =
  ({ put, world }, secret) =>
  () =>
    put(secret, JSON.stringify(world.values[secret]));

/** A file of another user. Root may read every file, so the test runs as another user for a while. */
const foreign: Effect = async ({ files, nameOf }, secret) => {
  const file = join(files?.directory ?? '', `${nameOf(secret)}.json`);
  if (process.getuid?.() !== 0) {
    await chmod(file, 0);
    return () => chmod(file, 0o400);
  }
  process.seteuid?.(0);
  await chmod(file, 0o400);
  process.seteuid?.(65_534);
  return () => process.seteuid?.(0);
};

export const FAULTS: FaultDefinition[] = [
  {
    title: 'host does not resolve',
    strikes: 'all',
    effects: overNetwork(async ({ world, network }) => {
      world.resolver.forget();
      // An open connection does not resolve the name again.
      network?.listening.present();
      return () => world.resolver.learn();
    }),
  },
  {
    title: 'connection refused',
    strikes: 'all',
    effects: overNetwork(async ({ network }) => {
      await network?.listening.refuse();
      return () => network?.listening.accept();
    }),
  },
  {
    title: 'certificate not trusted',
    strikes: 'all',
    effects: overNetwork(async ({ network, world }) => {
      network?.listening.present(world.stranger);
      return () => network?.listening.present();
    }),
  },
  over('connection reset', { kind: 'reset' }, NO_NETWORK),
  over(
    'no answer',
    { kind: 'hang' },
    'a hanging volume cannot be created here; file.test.ts tests the time limit of a read',
  ),
  over('answer without an end, drop by drop', { kind: 'slow-body' }, NO_NETWORK),
  {
    title: 'answer or value larger than 1 MB',
    strikes: 'one',
    effects: {
      ...everywhere(shown({ kind: 'oversized' })),
      file: stored(' '.repeat(2 ** 21)),
    },
  },
  over('half an answer', { kind: 'malformed' }, NO_NETWORK),
  over('answer of another shape', { kind: 'json', body: [42] }, NO_NETWORK),
  over("a network's login page", { kind: 'portal' }, NO_NETWORK),
  over('redirect elsewhere', { kind: 'redirect', to: 'https://elsewhere.invalid/' }, NO_NETWORK),
  over('throttled, Retry-After 7 s', { kind: 'throttled', retryAfter: '7' }, NO_NETWORK),
  over('throttled, Retry-After 100 years', { kind: 'throttled', retryAfter: '3153600000' }, NO_NETWORK),
  over('5xx', { kind: 'unavailable' }, NO_NETWORK),
  { title: 'sealed', strikes: 'all', effects: onlyVault(shown({ kind: 'sealed' }, 'all')) },
  {
    title: 'standby without an active node',
    strikes: 'all',
    effects: onlyVault(shown({ kind: 'standby' }, 'all')),
  },
  {
    title: 'identity rejected',
    strikes: 'all',
    effects: { ...everywhere(shown({ kind: 'identity' }, 'all')), file: NO_LOGIN },
  },
  {
    title: 'token or credentials expired',
    strikes: 'all',
    effects: {
      ...everywhere(shown({ kind: 'expired' }, 'all')),
      async vault({ world, settings }, _secret, phase) {
        // A login can be repeated; a token that was handed over cannot be replaced.
        if (phase === 'startup')
          Object.assign(settings, {
            VAULT_ROLE_ID: '',
            VAULT_SECRET_ID: '',
            VAULT_TOKEN: world.vault.createToken(),
          });
        world.vault.revokeTokens();
        return () => {};
      },
      file: NO_LOGIN,
    },
  },
  {
    title: 'denied',
    strikes: 'one',
    effects: { ...everywhere(shown({ kind: 'denied' })), file: foreign },
  },
  {
    title: 'wrong region, mount, vault or directory',
    strikes: 'all',
    notAtRuntime: 'the setting is read when the process starts',
    effects: {
      async aws({ settings }) {
        settings.AWS_REGION = 'us-east-1';
        return () => {};
      },
      async vault({ settings }) {
        settings.VAULT_KV_MOUNT = 'elsewhere';
        return () => {};
      },
      async azure({ settings, world }) {
        settings.AZURE_VAULT_URL = world.azure.otherVaultUrl.replace('127.0.0.1', 'localhost');
        return () => {};
      },
      async file({ settings }) {
        settings.SECRETS_DIR = '/nowhere';
        return () => {};
      },
    },
  },
  {
    title: 'not found',
    strikes: 'one',
    effects: {
      async aws(cell, secret) {
        cell.world.aws.destroy(cell.nameOf(secret));
        return again(cell, secret);
      },
      async vault(cell, secret) {
        cell.world.vault.forget(cell.nameOf(secret));
        return again(cell, secret);
      },
      async azure(cell, secret) {
        cell.world.azure.purge(cell.nameOf(secret));
        return again(cell, secret);
      },
      async file(cell, secret) {
        await cell.remove(secret);
        return again(cell, secret);
      },
    },
  },
  {
    title: 'deleted, and can be restored',
    strikes: 'one',
    effects: {
      async aws({ world, nameOf }, secret) {
        await world.aws.remove(nameOf(secret));
        return () => world.aws.restore(nameOf(secret));
      },
      async vault(cell, secret) {
        await cell.world.vault.remove(cell.nameOf(secret));
        return again(cell, secret);
      },
      async azure({ world, nameOf }, secret) {
        await world.azure.remove(nameOf(secret));
        return () => world.azure.recover(nameOf(secret));
      },
      file: 'a file exists or does not',
    },
  },
  {
    title: 'disabled, destroyed, or its key disabled',
    strikes: 'one',
    effects: {
      async aws({ world, nameOf }, secret) {
        world.aws.disableKey(nameOf(secret));
        return () => world.aws.enableKey(nameOf(secret));
      },
      async vault(cell, secret) {
        await cell.world.vault.destroy(cell.nameOf(secret), [1]);
        return again(cell, secret);
      },
      async azure({ world, nameOf }, secret) {
        await world.azure.disable(nameOf(secret));
        return () => world.azure.enable(nameOf(secret));
      },
      file: 'a file exists or does not',
    },
  },
  { title: 'placeholder', strikes: 'one', effects: everywhere(stored('{}')) },
  {
    title: 'not JSON',
    strikes: 'one',
    effects: { ...everywhere(stored('username=myapp')), vault: stored('{"_text": "username=myapp"}') },
  },
  {
    title: 'a list in place of an object',
    strikes: 'one',
    effects: { ...everywhere(stored('[42]')), vault: stored('{"_text": "[42]"}') },
  },
  {
    title: 'wrong shape',
    strikes: 'one',
    effects: everywhere(
      stored({
        database: '{"username": "myapp", "password": "", "port": "many"}',
        jwt: '{"expiry_hours": "-1"}',
        openai: '{"api_key": "x", "base_url": "elsewhere"}',
      }),
    ),
  },
  {
    title: 'weak key',
    strikes: 'one',
    only: { secrets: ['jwt'], because: 'only jwt holds a key' },
    effects: everywhere(stored(JSON.stringify({ secret_key: 'x'.repeat(31) }))),
  },
  {
    title: 'wrong algorithm',
    strikes: 'one',
    only: { secrets: ['jwt'], because: 'only jwt names an algorithm' },
    effects: everywhere(stored(JSON.stringify({ secret_key: 'x'.repeat(48), algorithm: 'none' }))),
  },
];
