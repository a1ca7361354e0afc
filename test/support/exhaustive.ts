/**
 * Set in `.ci/run`: also the tests that repeat on every backend, or at every place, what `npm test` tests on one.
 * `EXHAUSTIVE=1 npm test` runs them by hand.
 */
export const EXHAUSTIVE = process.env.EXHAUSTIVE === '1';
