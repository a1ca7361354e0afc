/** The doctor's checks, in order. */
import type { Check } from './check.ts';
import { clockDifference } from './clock-difference.ts';
import { configuration } from './configuration.ts';
import { identity } from './identity.ts';
import { network } from './network.ts';
import { place } from './place.ts';
import { CHECKED } from './required.ts';
import { checksOf } from './secrets.ts';

export const CHECKS: Check[] = [
  configuration,
  network,
  clockDifference,
  identity,
  place,
  ...CHECKED.flatMap(checksOf),
];
