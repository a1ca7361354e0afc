import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findWords } from './words.ts';

const RUN = fileURLToPath(new URL('run.ts', import.meta.url));
// Split, so that the check does not find them in this file.
const PLANTED = ['some', 'body'].join('');
const FIX = ['me', 'nd'].join('');

describe('the check of words', () => {
  const root = mkdtempSync(join(tmpdir(), 'words-'));
  mkdirSync(join(root, 'src'));
  after(() => rmSync(root, { recursive: true, force: true }));
  const run = (text: string) => {
    writeFileSync(join(root, 'src/new.ts'), text);
    return spawnSync(process.execPath, [RUN, root], { encoding: 'utf8' });
  };

  it('fails on a listed word, with file, line and the plain word', () => {
    const { status, stderr } = run(`const port = 1;\n// ${FIX} the port\n`);
    assert.equal(status, 1);
    assert.equal(stderr, `src/new.ts:2: "${FIX}" is not used here. Use instead: fix.\n`);
  });

  it('passes on a text without any', () => {
    const { status, stderr } = run('// Fixes the port.\n');
    assert.deepEqual([status, stderr], [0, '']);
  });

  it('finds a word in capitals, and twice in a line', () => {
    const found = findWords('README.md', `${PLANTED.toUpperCase()} and ${PLANTED}`);
    assert.deepEqual(
      found.map(({ line }) => line),
      [1, 1],
    );
  });

  it('does not find a word within another', () => {
    assert.deepEqual(findWords('README.md', `recom${FIX} ${PLANTED}s outlets`), []);
  });
});
