/** Words that this repository does not use, and the plain words to use instead. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const WORDS: Record<string, string> = {
  'whoever|whomever|whom|everyone who|those who': 'the caller, the client, or another noun for the thing',
  // `nobody` in quotation marks, and in /etc/passwd, is the Unix user.
  "somebody|everybody|(?<![`'^])nobody": 'the caller, an administrator, another process, no client',
  anew: 'again',
  'mend|mends|mended|mending': 'fix',
  '(?:to )?be had': 'cannot be obtained, is missing',
  'knows? no|is told|are told|lets': 'a verb of the field: does not support, receives, allows',
  'goes before|go before': 'takes precedence over',
  'of which (?:no|none|nothing)': 'two sentences',
  'a look|the looks?': 'check',
};

/** Neither written here nor prose, or, as this file, about the words themselves. */
const LEFT_OUT = new Set([
  '.git',
  '.terraform',
  '.env',
  'node_modules',
  'LICENSE',
  'package-lock.json',
  'words.ts',
]);

export interface Finding {
  path: string;
  line: number;
  word: string;
  instead: string;
}

/** The listed words in one text, in the order of its lines. */
export function findWords(path: string, text: string): Finding[] {
  return text.split('\n').flatMap((content, index) =>
    Object.entries(WORDS).flatMap(([pattern, instead]) =>
      [...content.matchAll(new RegExp(`\\b(?:${pattern})\\b`, 'gi'))].map(([word]) => ({
        path,
        line: index + 1,
        word,
        instead,
      })),
    ),
  );
}

/** The listed words in every text file under `root`. Binary files are skipped. */
export function findWordsIn(root: string, folder = ''): Finding[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (LEFT_OUT.has(entry.name)) return [];
    const path = folder ? `${folder}/${entry.name}` : entry.name;
    if (entry.isDirectory()) return findWordsIn(root, path);
    const text = entry.isFile() ? readFileSync(join(root, path), 'utf8') : '';
    return text.includes('\0') ? [] : findWords(path, text);
  });
}
