/** Lifetimes as the libraries for tokens write them, in hours. https://github.com/vercel/ms */

const HOURS: Record<string, number> = {
  s: 1 / 3600,
  m: 1 / 60,
  h: 1,
  d: 24,
  w: 168,
};

/** A bare number is seconds. @throws Error that says what is wrong, without the value */
export function hoursOf(text: string): string {
  const [, amount, unit = 's'] = /^(\d+(?:\.\d+)?)\s*([smhdw]?)/i.exec(text.trim()) ?? [];
  const factor = HOURS[unit.toLowerCase() || 's'];
  if (amount === undefined || factor === undefined) throw new Error('is no time such as 24h, 7d or 3600');
  return String(Number(amount) * factor);
}
