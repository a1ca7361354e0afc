/** The recipe in src/features/README.md is the code of notice.ts, and works. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import request from 'supertest';
import type { FeatureContext } from '../../../src/features/feature.ts';
import { runFeatures } from '../../../src/features/run-features.ts';
import { createOnDemandSecrets } from '../../../src/secrets/on-demand.ts';
import { authorized, createTestApp } from '../../support/app.ts';
import { createFakeClock } from '../../support/clock.ts';
import { silentLogger } from '../../support/logger.ts';
import { createMemoryProvider } from '../../support/memory-provider.ts';
import { codeInReadme } from '../../support/recipe.ts';
import { notice } from './notice.ts';

it('the README has the code that is tested', async () => {
  const readme = new URL('../../../src/features/README.md', import.meta.url);
  const code = await readFile(new URL('notice.ts', import.meta.url), 'utf8');
  assert.equal(await codeInReadme(readme), code.replaceAll('../../../src/', '../../'));
});

describe('the recipe', async () => {
  const { provider, put } = createMemoryProvider();
  const secrets = createOnDemandSecrets({
    provider,
    openWriter: async () => provider,
    nameOf: (id) => `myapp/${id}`,
    written: async () => {},
    clock: createFakeClock(),
    logger: silentLogger,
  });
  const context = { secrets } as FeatureContext;
  const [running] = await runFeatures([notice], context, () => ({ NOTICE_DEFAULT: 'Nothing new.' }));
  const { app } = createTestApp({ features: running?.routes ?? [] });
  const noticeOf = async () => (await request(app).get('/notice').set(authorized).expect(200)).body;

  it('answers the default without a secret', async () => {
    assert.deepEqual(await noticeOf(), { notice: 'Nothing new.' });
  });

  it('answers the text of the secret, which is read with getString', async () => {
    await secrets.set('notice', 'We move on Monday.');
    assert.deepEqual(await noticeOf(), { notice: 'We move on Monday.' });
  });

  it('obeys the flag, which is read with getJson', async () => {
    put('myapp/flags', '{}');
    await secrets.set('flags', { notice: false });
    assert.deepEqual(await noticeOf(), { notice: 'Nothing new.' });
  });
});
