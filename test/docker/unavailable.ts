/** Why a part cannot be had on this machine: no failure. */
export class Unavailable extends Error {}
