/** The expected result of each class of failure, the class of each fault, and the few exceptions. */
import type { BackendName } from '../../sandbox/backends.ts';
import type { SecretErrorCode } from '../../src/errors.ts';
import type { Phase } from './faults.ts';

export interface Expected {
  /** Exit code of the start, and the seconds within which it ends. */
  exit: 75 | 78;
  within: number;
  /** Minutes for which a running service stays ready, and whether it serves to the end of the hour. */
  ready: number | 'throughout';
  served: boolean;
}

/** Retried for 30 s at the start. While it runs: served for as long as it lasts, ready until 30 min past the TTL of 5 min. */
const TEMPORARY: Expected = { exit: 75, within: 30, ready: 35, served: true };
/** Needs a person, but the secret itself was not withdrawn. */
const PERMANENT: Expected = { ...TEMPORARY, exit: 78, within: 3 };
/** The secret was withdrawn: after a second check confirms it, it is used for 5 minutes and then no more. */
const WITHDRAWN: Expected = { ...PERMANENT, ready: 10, served: false };

export const BY_CLASS: Record<Exclude<SecretErrorCode, 'conflict'>, Expected> = {
  unavailable: TEMPORARY,
  throttled: TEMPORARY,
  identity: PERMANENT,
  invalid: PERMANENT,
  denied: WITHDRAWN,
  'not-found': WITHDRAWN,
  disabled: WITHDRAWN,
};

type Class = keyof typeof BY_CLASS;

const CLASSES: Record<string, Class> = {
  'host does not resolve': 'unavailable',
  'connection refused': 'unavailable',
  'certificate not trusted': 'unavailable',
  'connection reset': 'unavailable',
  'no answer': 'unavailable',
  'answer without an end, drop by drop': 'unavailable',
  'answer or value larger than 1 MB': 'unavailable',
  'half an answer': 'unavailable',
  'answer of another shape': 'unavailable',
  "a network's login page": 'unavailable',
  'redirect elsewhere': 'unavailable',
  'throttled, Retry-After 7 s': 'throttled',
  'throttled, Retry-After 100 years': 'throttled',
  '5xx': 'unavailable',
  sealed: 'unavailable',
  'standby without an active node': 'unavailable',
  'identity rejected': 'identity',
  'token or credentials expired': 'identity',
  denied: 'denied',
  'wrong region, mount, vault or directory': 'not-found',
  'not found': 'not-found',
  'deleted, and can be restored': 'disabled',
  'disabled, destroyed, or its key disabled': 'disabled',
  placeholder: 'not-found',
  'not JSON': 'invalid',
  'a list in place of an object': 'invalid',
  'wrong shape': 'invalid',
  'weak key': 'invalid',
  'wrong algorithm': 'invalid',
};

/** Another class, or no effect, with the reason. */
const EXCEPTIONS: Record<string, { class: Class | 'unnoticed'; because: string }> = {
  'file: answer or value larger than 1 MB': { class: 'invalid', because: 'it is the value itself' },
  'vault: wrong region, mount, vault or directory': {
    class: 'denied',
    because: 'Vault refuses what its policy does not name, whether it exists or not',
  },
  'aws: disabled, destroyed, or its key disabled, startup': {
    class: 'denied',
    because: 'KMS refuses to decrypt',
  },
  'aws: disabled, destroyed, or its key disabled, runtime': {
    class: 'unnoticed',
    because: 'a check compares versions, which needs no key; the next version fails',
  },
  'vault: token or credentials expired, runtime': {
    class: 'unnoticed',
    because: 'the service logs in again',
  },
};

/**
 * Maximum requests for the three secrets: at a start, and within an hour of running. Key Vault costs the most: a missing
 * secret is looked for under each of its fields, and `database` has nine.
 */
export const MOST_REQUESTS = { startup: 75, runtime: 4500 };
/** Maximum seconds from the end of a fault until the backend has confirmed every secret. */
export const MOST_RECOVERY = 300;

/** @returns `unnoticed` where the fault has no effect */
export function expected(
  provider: BackendName,
  fault: string,
  phase: Phase,
): { class: Class | 'unnoticed'; because?: string } & Partial<Expected> {
  const exception = EXCEPTIONS[`${provider}: ${fault}, ${phase}`] ?? EXCEPTIONS[`${provider}: ${fault}`];
  const name = exception?.class ?? CLASSES[fault];
  if (!name) throw new Error(`"${fault}" has no expectation. Add it to CLASSES.`);
  if (name === 'unnoticed') return { class: name, because: exception?.because ?? '' };
  return { class: name, ...(exception && { because: exception.because }), ...BY_CLASS[name] };
}
