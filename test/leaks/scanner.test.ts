import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { createPlantedValue, createScanner, everySide } from './scanner.ts';

const value = createPlantedValue();
const scan = createScanner({ database: value });
const bytes = Buffer.from(value);
const characters = [...value];

/** Leaks in the middle of other text. */
const LEAKS: Record<string, string> = {
  'as it is': `before ${value} after`,
  'escaped for JSON': JSON.stringify({ password: value }),
  'escaped for JSON twice': JSON.stringify({ line: JSON.stringify({ password: value }) }),
  'printed by inspect()': inspect({ password: value }),
  'in an error': everySide(
    new Error('outer', { cause: Object.assign(new Error('inner'), { config: { value } }) }),
  ),
  'in a property that is not enumerable': everySide(
    Object.defineProperty(new Error('outer'), 'request', { value: { password: value }, enumerable: false }),
  ),
  'in a URL': `https://example.com/?p=${encodeURIComponent(value)}&x=1`,
  'in a form': new URLSearchParams({ p: value }).toString(),
  'in base64': Buffer.from(value).toString('base64'),
  'in base64, one byte later': Buffer.from(`x${value}y`).toString('base64'),
  'in base64, two bytes later': Buffer.from(`xy${value}z`).toString('base64'),
  'in base64url, with a user before it': Buffer.from(`user:${value}`).toString('base64url'),
  hexadecimal: bytes.toString('hex'),
  'hexadecimal in capitals': `0x${bytes.toString('hex').toUpperCase()}`,
  reversed: characters.toReversed().join(''),
  'its first half': `${characters.slice(0, characters.length / 2).join('')}...`,
  'eight characters from its middle': `...${characters.slice(11, 19).join('')}...`,
  'its last eight characters': `************${characters.slice(-8).join('')}`,
  'eight characters reversed': characters.slice(4, 12).toReversed().join(''),
  'a half in base64': Buffer.from(`--${characters.slice(characters.length / 2).join('')}`).toString('base64'),
};

describe('the scanner finds a planted value', () => {
  for (const [title, text] of Object.entries(LEAKS))
    it(title, () => {
      const leaks = scan('a log', text);
      assert.ok(leaks.length > 0, text);
      assert.deepEqual(
        new Set(leaks.map(({ secret, where }) => `${secret} ${where}`)),
        new Set(['database a log']),
      );
    });
});

describe('the scanner finds nothing', () => {
  for (const [title, text] of Object.entries({
    'where there is another value': createPlantedValue(),
    'in seven of its characters': characters.slice(3, 10).join(''),
    'in stars': '*'.repeat(value.length),
  }))
    it(title, () => assert.deepEqual(scan('a log', text), []));
});
