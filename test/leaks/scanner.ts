/** Finds secrets in the output of a process, whole or in pieces, in every encoding. */
import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';

export interface Leak {
  /** Name of the secret. */
  secret: string;
  /** Encoding in which it was found. */
  form: string;
  /** The place where it was found. */
  where: string;
}

/** Length of the shortest piece that counts, in characters. */
const PIECE = 8;

/** @param planted values by a name that may be shown */
export function createScanner(planted: Record<string, string>) {
  const needles = Object.entries(planted).flatMap(([secret, value]) =>
    [...formsOf(value)].map(([needle, form]) => ({ secret, form, needle })),
  );

  return (where: string, text: string): Leak[] =>
    needles
      .filter(({ needle }) => text.includes(needle))
      .map(({ secret, form }) => ({ secret, form, where }));
}

/** Every representation of an error. */
export const everySide = (error: unknown): string =>
  [
    inspect(error, {
      depth: 20,
      showHidden: true,
      getters: true,
      maxStringLength: null,
      maxArrayLength: null,
    }),
    inspect(error, { depth: 20, breakLength: Number.POSITIVE_INFINITY }),
    JSON.stringify(error),
    String(error),
    ...causes(error).map((one) => one.stack),
  ].join('\n');

const causes = (error: unknown): Error[] => (error instanceof Error ? [error, ...causes(error.cause)] : []);

/** Texts to search for, each with the name of its encoding. */
export function formsOf(value: string): Map<string, string> {
  const forms = new Map<string, string>();
  const add = (form: string, needle: string) => {
    if (needle.length >= PIECE && !forms.has(needle)) forms.set(needle, form);
  };
  const written = (form: string, text: string) => {
    add(form, text);
    add(`${form}, escaped for JSON`, json(text));
    add(`${form}, escaped for JSON twice`, json(json(text)));
    add(`${form}, escaped for JSON in ASCII`, ascii(json(text)));
    add(`${form}, escaped by inspect()`, inspect(text).slice(1, -1));
    add(`${form}, for a URL`, encodeURIComponent(text));
    add(`${form}, for a form`, new URLSearchParams({ v: text }).toString().slice(2));
    const bytes = Buffer.from(text);
    add(`${form}, hexadecimal`, bytes.toString('hex'));
    add(`${form}, hexadecimal`, bytes.toString('hex').toUpperCase());
    for (const alignment of [0, 1, 2]) {
      const base64 = inBase64(bytes, alignment);
      add(`${form}, base64`, base64);
      add(`${form}, base64url`, base64.replaceAll('+', '-').replaceAll('/', '_'));
    }
  };
  const characters = [...value];
  const middle = Math.floor(characters.length / 2);
  const halves = [characters.slice(0, middle).join(''), characters.slice(middle).join('')];
  written('whole', value);
  written('reversed', characters.toReversed().join(''));
  for (const half of halves) written('a half', half);
  for (let start = 0; start + PIECE <= characters.length; start += 1) {
    const piece = characters.slice(start, start + PIECE);
    add('a piece', piece.join(''));
    add('a piece, escaped for JSON', json(piece.join('')));
    add('a piece, reversed', piece.toReversed().join(''));
  }
  return forms;
}

const json = (text: string) => JSON.stringify(text).slice(1, -1);

const ascii = (text: string) =>
  text.replaceAll(
    /[^\0-\x7f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** The constant part whatever stands before and after: without the characters that share bits with a neighbour. */
function inBase64(bytes: Buffer, alignment: number): string {
  const text = Buffer.concat([Buffer.alloc(alignment), bytes])
    .toString('base64')
    .replace(/=+$/, '');
  const skipped = Math.ceil((alignment * 8) / 6);
  const whole = Math.floor(((alignment + bytes.length) * 8) / 6);
  return text.slice(skipped, whole);
}

/** A value that is unmistakable, and that needs escaping wherever it is quoted, printed or encoded. */
export const createPlantedValue = () =>
  [`q"${word()}`, `'%41${word()}`, `\n${word()}`, `é秘🔑${word()}`, `\\n<&>${word()}`].join('');

/** The same for places that allow only printable ASCII, such as a header. */
export const createPlantedKey = () => [`q"${word()}`, `'%41${word()}`, `\\n<&>${word()}`].join('');

const word = () => randomBytes(6).toString('base64url');
