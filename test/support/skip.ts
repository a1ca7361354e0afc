/** One form for everything that was not tested, so that no run is silent about it. */

const NOT_APPLICABLE = 'does not apply: ';

/** A line that `.ci/run` repeats at its end. With `CI_STRICT=1` it is a failure there. */
export const skipLine = (what: string, why: string) => `SKIPPED ${what}: ${why}`;

/** The reason to skip a test of another kind of user, machine or backend: nothing is missing for it here. */
export const notApplicable = (why: string) => `${NOT_APPLICABLE}${why}`;
export const isApplicable = (reason: string) => !reason.startsWith(NOT_APPLICABLE);

/** The skip lines of a log, each once. */
export const skipsIn = (log: string): string[] => [...new Set(log.match(/^SKIPPED .+$/gm))];
