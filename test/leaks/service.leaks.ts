/** No secret leaves the processes in any encoding, and the search finds a leak that is made on purpose. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BACKENDS } from '../../sandbox/backends.ts';
import { exercise, type Left } from './exercise.ts';
import { createScanner } from './scanner.ts';

const leaksOf = ({ texts, planted }: Left) => {
  const scan = createScanner(planted);
  return [...texts].flatMap(([where, text]) => scan(where, text));
};

describe('what leaves the processes', () => {
  for (const provider of BACKENDS)
    it(`on ${provider} is no secret`, { timeout: 300_000 }, async (context) => {
      const left = await exercise(provider);
      assert.ok(
        (left.texts.get('standard output') ?? '').includes('"msg":"secret rotated"'),
        'nothing rotated',
      );
      assert.ok((left.texts.get('standard error') ?? '').includes('[denied]') || provider === 'file');
      assert.ok(left.texts.has('an answer of GET /metrics'), 'the routes were not found');
      assert.ok(
        process.platform !== 'linux' || (left.texts.get('environ') ?? '').includes('SECRET_PROVIDER'),
      );
      assert.deepEqual(leaksOf(left), []);
      const size = [...left.texts.values()].reduce((sum, text) => sum + text.length, 0);
      context.diagnostic(
        `${left.texts.size} places, ${size} characters, ${Object.keys(left.planted).length} values, no leak`,
      );
    });

  it('is found when a leak is made on purpose', { timeout: 300_000 }, async () => {
    const leaks = leaksOf(await exercise('file', `--import=${new URL('leak.ts', import.meta.url).href}`));
    assert.ok(leaks.some(({ where, form }) => where === 'standard output' && form === 'a half, base64'));
  });
});
