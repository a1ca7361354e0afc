/** One form for everything that was not tested, so that no run is silent about it. */

/** A line that `.ci/run` repeats at its end. With `CI_STRICT=1` it is a failure there. */
export const skipLine = (what: string, why: string) => `SKIPPED ${what}: ${why}`;

/** For a test of another kind of user, machine or backend: nothing is missing here, so `CI_STRICT=1` allows it. */
export const notApplicable = (why: string) => `${NOT_APPLICABLE}${why}`;
const NOT_APPLICABLE = 'does not apply: ';

/** The skips of something that is missing on this machine. */
export const skipsIn = (log: string): string[] =>
  [...new Set(log.match(/^SKIPPED .+$/gm))].filter((line) => !line.includes(`: ${NOT_APPLICABLE}`));
