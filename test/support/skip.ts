/** One form for everything that was not tested, so that no run is silent about it. */

/** A line that `.ci/run` repeats at its end. With `CI_STRICT=1` it is a failure there. */
export const skipLine = (what: string, why: string) => `SKIPPED ${what}: ${why}`;
