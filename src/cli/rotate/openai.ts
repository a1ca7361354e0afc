/**
 * `rotate openai`: creates a new API key or reads one from a person, proves it, writes it, and revokes the old one once every
 * process has had time to take the new one. OpenAI does not show the use of a key, so only time can be waited for.
 */
import OpenAI from 'openai';
import { SecretError } from '../../errors.ts';
import type { OpenAISecret } from '../../secrets/schemas.ts';
import { RotationError } from '../rotation-error.ts';
import { withLock } from './lock.ts';
import { createServiceAccounts, type ServiceAccounts } from './openai-accounts.ts';
import { type RotationOptions, SETTLING, step } from './rotation.ts';
import { assertWritable, isUnclear, readStored, type StoredSecret, writeStored } from './stored-secret.ts';

export interface OpenAIRotationOptions extends RotationOptions {
  /** Asks a person for the new key, where there is no `openai-administrator` secret to make one with. */
  askForKey: () => Promise<string>;
}

/** Milliseconds that OpenAI may need until a new key is known everywhere. */
const PROPAGATION = 30_000;
const INTERVAL = 1_000;

type Stored = StoredSecret<OpenAISecret>;

/** @throws RotationError, SecretError, OpenAI.APIError, or the error of PostgreSQL */
export async function rotateOpenAI(options: OpenAIRotationOptions): Promise<void> {
  const { provider, names } = options;
  assertWritable(provider);
  const accounts = await openAccounts(options);
  return withLock(options, async (assertStillLocked) => {
    const secret = await readStored(options, 'openai');
    const write = async (changes: Record<string, unknown>) => {
      await step(options, `Writing ${names.openai}.`);
      await assertStillLocked();
      await writeStored(provider, secret, changes);
    };
    if (!accounts) return replaceByHand(secret, write, options);
    const previous = accountId(secret, 'previous_service_account_id');
    if (previous !== undefined && (await accounts.exists(previous))) {
      await step(options, 'An earlier rotation was interrupted: the previous key still works. Finishing it.');
      const age = secret.createdAt ? options.clock.wall() - secret.createdAt.getTime() : 0;
      await retire(accounts, [previous], SETTLING * options.ttl - age, options);
    }
    await replace(accounts, secret, write, options);
  });
}

type Write = (changes: Record<string, unknown>) => Promise<void>;

/** Nothing when the secret does not exist: then a person makes keys. */
async function openAccounts(options: OpenAIRotationOptions) {
  try {
    const { value } = await readStored(options, 'openai-administrator');
    return createServiceAccounts(value);
  } catch (error) {
    if (error instanceof SecretError && error.code === 'not-found') return undefined;
    throw error;
  }
}

async function replace(
  accounts: ServiceAccounts,
  secret: Stored,
  write: Write,
  options: OpenAIRotationOptions,
): Promise<void> {
  const old = accountId(secret, 'service_account_id');
  // Of runs that were interrupted before the write. Until this run has written, theirs may still arrive.
  const leftovers = await accounts.findReplacements(secret.name, secret.value.api_key);
  await step(options, 'Making a service account with a key.');
  const { id, key } = await accounts.create(secret.name, secret.value.api_key);
  try {
    await step(options, `Proving the key of ${id}: one tiny completion.`);
    await prove(key, secret, options);
    await write({ api_key: key, service_account_id: id, previous_service_account_id: old });
  } catch (error) {
    // When this fails too, the next run finds the account by its name.
    if (!isUnclear(error)) await accounts.delete(id).catch(() => {});
    throw error;
  }
  const unused = old === undefined ? leftovers : [...leftovers, old];
  if (unused.length > 0) await retire(accounts, unused, SETTLING * options.ttl, options);
  if (old === undefined)
    await options.report(`Done, but the old key is of no service account known here: ${byHand(options)}`);
  else await options.report('Done: the old key no longer works.');
}

async function replaceByHand(secret: Stored, write: Write, options: OpenAIRotationOptions): Promise<void> {
  await step(
    options,
    `There is no ${options.names['openai-administrator']}: reading the new key from a person.`,
  );
  const key = (await options.askForKey()).trim();
  if (key === '' || key === secret.value.api_key)
    throw new RotationError(key === '' ? 'No key was given.' : 'This key is the one in use.', {
      remedy: 'Make one at https://platform.openai.com/api-keys and give it on standard input.',
      temporary: false,
    });
  await step(options, 'Proving the key: one tiny completion.');
  await prove(key, secret, options);
  const previous = accountId(secret, 'service_account_id');
  await write({ api_key: key, service_account_id: undefined, previous_service_account_id: previous });
  await options.report(`Done: ${byHand(options)}`);
}

const byHand = ({ ttl }: OpenAIRotationOptions) =>
  `revoke the old key by hand after ${Math.ceil((SETTLING * ttl) / 1000)} s, when every process uses the new one.`;

async function retire(
  accounts: ServiceAccounts,
  ids: readonly string[],
  pause: number,
  options: OpenAIRotationOptions,
): Promise<void> {
  if (pause > 0) {
    await step(options, `Waiting ${Math.ceil(pause / 1000)} s until every process uses the new key.`);
    await options.clock.sleep(pause, options.signal);
  }
  for (const id of ids) {
    await step(options, `Deleting the service account ${id}, whose key is no longer in use.`);
    await accounts.delete(id);
  }
}

/** The request that the service itself makes, so that it also shows whether the key may use the model. */
async function prove(
  apiKey: string,
  { value: { model, organization, base_url } }: Stored,
  { clock, signal }: OpenAIRotationOptions,
): Promise<void> {
  const client = new OpenAI({
    apiKey,
    baseURL: base_url ?? null,
    organization: organization ?? null,
    maxRetries: 1,
    timeout: 30_000,
  });
  const deadline = clock.now() + PROPAGATION;
  for (;;) {
    try {
      await client.chat.completions.create({ model, messages: [{ role: 'user', content: 'Say ok.' }] });
      return;
    } catch (error) {
      const status = error instanceof OpenAI.APIError ? error.status : undefined;
      if (status !== 401 || clock.now() >= deadline)
        throw new RotationError(`The new key does not work: ${status ?? 'no connection'}.`, {
          remedy: `Nothing was written and the old key works on. Check that the key may use the model ${model}, and base_url.`,
          temporary: status === undefined || status === 429 || status >= 500,
          cause: error,
        });
      await clock.sleep(INTERVAL, signal);
    }
  }
}

function accountId({ raw }: Stored, field: 'service_account_id' | 'previous_service_account_id') {
  const id = raw[field];
  return typeof id === 'string' && id !== '' ? id : undefined;
}
