/** Numbers and times as a person reads them. */

const UNITS = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
];

/** Seconds in the largest unit that fits: `45 s`, `12 min`, `3 h`, `9 d`. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return '–';
  const [size, unit] = UNITS.find(([size]) => Math.abs(seconds) >= size * 2) ?? [1, 's'];
  return `${Math.round(seconds / size)} ${unit}`;
}

export const time = (iso) =>
  new Date(iso).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** Versions are long ids on some backends: their first eight characters tell them apart. */
export const shortVersion = (version) =>
  version === null ? 'none' : /^\d{1,8}$/.test(version) ? version : version.split('/').at(-1).slice(0, 8);

export const count = (number) => number.toLocaleString();
