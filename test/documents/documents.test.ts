/**
 * `.env.example` and the README's table of providers say what the code declares. After a change to a declaration,
 * `npm run documents:record` writes them.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { featureVariables } from '../../src/cli/known-variables.ts';
import { allBackends } from '../../src/secrets/providers/registry.ts';
import { variables } from '../../src/settings.ts';
import { envExample } from './env-example.ts';
import { providerTable } from './provider-table.ts';

const ROOT = new URL('../../', import.meta.url);
const STALE = 'Run npm run documents:record and read the difference.';
const TABLE = /(?<=<!-- providers -->\n).*?(?=\n<!-- \/providers -->)/s;

/** Replaces the whole text of a file in `RECORD=1`. */
function recorded(path: string, write: (text: string) => string): string {
  const file = new URL(path, ROOT);
  const text = readFileSync(file, 'utf8');
  if (process.env.RECORD !== '1') return text;
  writeFileSync(file, write(text));
  return write(text);
}

/** The paragraph of a feature stays behind when the feature is deleted. */
const isOfDeletedFeature = (paragraph: string): boolean => {
  const [, feature] = /^# Feature ([\w-]+)/.exec(paragraph) ?? [];
  return feature !== undefined && !existsSync(new URL(`src/features/${feature}`, ROOT));
};

describe('documents of what the code declares', () => {
  it('.env.example shows every variable', () => {
    const text = recorded('.env.example', envExample);
    const kept = text.split('\n\n').filter((paragraph) => !isOfDeletedFeature(paragraph));
    assert.equal(kept.join('\n\n'), envExample(), STALE);
  });

  it('the README shows every provider', () => {
    const [table] = TABLE.exec(recorded('README.md', (text) => text.replace(TABLE, providerTable))) ?? [];
    assert.equal(table, providerTable(), STALE);
  });

  it('every variable has a description of one line', () => {
    const declared = [
      ...Object.values(variables).flat(),
      ...allBackends().flatMap((backend) => [...backend.variables, ...(backend.writer?.variables ?? [])]),
      ...featureVariables.flatMap(([, ofFeature]) => ofFeature),
    ];
    const without = declared.filter(({ description }) => !/^\S[^\n]*\.$/.test(description));
    assert.deepEqual(
      without.map(({ name }) => name),
      [],
    );
  });
});
