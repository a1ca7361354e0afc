/** The features of index.ts as a list. */
import type { Feature } from './feature.ts';
import * as index from './index.ts';

export const FEATURES: readonly Feature[] = Object.values(index);
