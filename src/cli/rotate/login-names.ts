/** Names of the two logins that take turns: `myapp_a` and `myapp_b`. */
import { RotationError } from '../rotation-error.ts';

/** PostgreSQL cuts longer names off, and the name of the other could become that of the one. */
const LONGEST = 63;

/** The one that follows: `myapp_b` for `myapp_a` and the reverse; a name without such an end is taken for the first. */
export function otherName(name: string): string {
  const other = name.endsWith('_b') ? `${stem(name)}_a` : `${stem(name)}_b`;
  if (Buffer.byteLength(other) <= LONGEST) return other;
  throw new RotationError(`The user name ${name} is too long for a second one beside it.`, {
    remedy: `Use a name of at most ${LONGEST - 2} bytes.`,
    temporary: false,
  });
}

/** All others that a rotation may have left behind: beside the other one, the name that the first rotation began with. */
export const family = (name: string): string[] =>
  ['', '_a', '_b'].map((end) => stem(name) + end).filter((member) => member !== name);

const stem = (name: string) => name.replace(/_[ab]$/, '');
