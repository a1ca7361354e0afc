/** What the doctor looks at, in this order. */
import type { Check } from './check.ts';
import { clockDifference } from './clock-difference.ts';
import { configuration } from './configuration.ts';
import { databaseLogin, databaseTables } from './database.ts';
import { identity } from './identity.ts';
import { network } from './network.ts';
import { openaiKey } from './openai.ts';
import { place } from './place.ts';
import { REQUIRED } from './required.ts';
import { readable, usable } from './secrets.ts';

export const CHECKS: Check[] = [
  configuration,
  network,
  clockDifference,
  identity,
  place,
  ...REQUIRED.flatMap((secret) => [readable(secret), usable(secret)]),
  databaseLogin,
  databaseTables,
  openaiKey,
];
