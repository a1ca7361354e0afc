/** The features of features/index.ts as a list. */
import type { Feature } from './features/feature.ts';
import * as index from './features/index.ts';

export const FEATURES: readonly Feature[] = Object.values(index);
