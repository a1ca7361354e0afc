/** Hashes of users' passwords: scrypt with the cost inside the hash, so that it can be raised later. */
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/** 16 MiB and five rounds: https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html */
const COST = { N: 2 ** 14, r: 8, p: 5 };
const KEY_BYTES = 32;

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

/** @returns for example `scrypt$16384$8$5$<salt>$<key>` */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  return format(salt, await derive(password, salt, KEY_BYTES, COST));
}

/** A hash that no password matches. Checking it takes as long as checking any other. */
export const createDecoyHash = (): string => format(randomBytes(16), randomBytes(KEY_BYTES));

const format = (salt: Buffer, key: Buffer) =>
  ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64url'), key.toString('base64url')].join('$');

/** @throws Error when `hash` was not made by `hashPassword` */
export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  const [algorithm, N, r, p, salt = '', key = ''] = hash.split('$');
  if (algorithm !== 'scrypt') throw new Error('The stored password hash has an unknown format.');
  const expected = Buffer.from(key, 'base64url');
  const actual = await derive(password, Buffer.from(salt, 'base64url'), expected.length, {
    N: Number(N),
    r: Number(r),
    p: Number(p),
  });
  return timingSafeEqual(actual, expected);
}
