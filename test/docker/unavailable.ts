/** The reason why a part is missing on this machine. Not a failure. */
export class Unavailable extends Error {}
