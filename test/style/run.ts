/** The second half of `npm run lint`: fails on the words of words.ts. A folder as parameter replaces the repository. */
import { fileURLToPath } from 'node:url';
import { findWordsIn } from './words.ts';

const found = findWordsIn(process.argv[2] ?? fileURLToPath(new URL('../..', import.meta.url)));
for (const { path, line, word, instead } of found)
  console.error(`${path}:${line}: "${word}" is not used here. Use instead: ${instead}.`);
process.exitCode = found.length > 0 ? 1 : 0;
