/** What each class of failure must come to, which class each fault is, and the few exceptions. */
import type { BackendName } from '../../sandbox/backends.ts';
import type { SecretErrorCode } from '../../src/errors.ts';
import type { Phase } from './faults.ts';

export interface Expected {
  /** How the start ends, and within how many seconds. */
  exit: 75 | 78;
  within: number;
  /** Minutes for which a running service stays ready, and whether it answers to the end of the hour. */
  ready: number | 'throughout';
  served: boolean;
}

/** May pass: tried for 30 s at the start; served for as long as it lasts, ready until 30 min past the TTL of 5 min. */
const MAY_PASS: Expected = { exit: 75, within: 30, ready: 35, served: true };
/** Somebody must act, but nobody has taken the secret away. */
const MUST_BE_MENDED: Expected = { ...MAY_PASS, exit: 78, within: 3 };
/** Taken away: after the look that confirms it, five minutes of grace, and then it is not used any more. */
const TAKEN_AWAY: Expected = { ...MUST_BE_MENDED, ready: 10, served: false };

export const BY_CLASS: Record<Exclude<SecretErrorCode, 'conflict'>, Expected> = {
  unavailable: MAY_PASS,
  throttled: MAY_PASS,
  identity: MUST_BE_MENDED,
  invalid: MUST_BE_MENDED,
  denied: TAKEN_AWAY,
  'not-found': TAKEN_AWAY,
  disabled: TAKEN_AWAY,
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

/** Another class, or nothing that anybody notices, with the reason. */
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
    because: 'a look compares versions, which needs no key: noticed with the next version',
  },
  'vault: token or credentials expired, runtime': {
    class: 'unnoticed',
    because: 'the service logs in again',
  },
};

/** The most requests that the three secrets may cost: at a start, and within an hour of running. */
export const MOST_REQUESTS = { startup: 70, runtime: 4000 };
/** Seconds from the end of a fault to the backend's confirmation, at most. */
export const MOST_RECOVERY = 300;

/** @returns `unnoticed` where nothing comes of the fault */
export function expected(
  provider: BackendName,
  fault: string,
  phase: Phase,
): { class: Class | 'unnoticed'; because?: string } & Partial<Expected> {
  const exception = EXCEPTIONS[`${provider}: ${fault}, ${phase}`] ?? EXCEPTIONS[`${provider}: ${fault}`];
  const name = exception?.class ?? CLASSES[fault];
  if (!name) throw new Error(`Nobody has said what "${fault}" should come to.`);
  if (name === 'unnoticed') return { class: name, because: exception?.because ?? '' };
  return { class: name, ...(exception && { because: exception.because }), ...BY_CLASS[name] };
}
