/** The recipe in the README of the feature is the code of recipe.ts, and works. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { it } from 'node:test';
import request from 'supertest';
import { credentials } from '../../../src/features/credentials/index.ts';
import { settings } from '../../../src/features/credentials/settings.ts';
import type { Feature, FeatureContext } from '../../../src/features/feature.ts';
import { runFeatures } from '../../../src/features/run-features.ts';
import { authorized, createTestApp } from '../../support/app.ts';
import { createRecordingLogger } from '../../support/logger.ts';
import { codeInReadme } from '../../support/recipe.ts';
import { startFixture } from './fixture.ts';
import { warehouse } from './recipe.ts';

it('the README has the code that is tested', async () => {
  const readme = new URL('../../../src/features/credentials/README.md', import.meta.url);
  const code = await readFile(new URL('recipe.ts', import.meta.url), 'utf8');
  assert.equal(await codeInReadme(readme), code.replaceAll('../../../src/', '../../'));
});

it('another feature queries a registered connection and reads secrets of a component', async () => {
  const fixture = await startFixture();
  const { dapr, vault } = fixture.backends;
  const { host, port } = fixture.server;
  await vault.put('myapp/credentials/warehouse', JSON.stringify({ ...fixture.login, host, port }));
  await dapr.put('myapp/credentials/contact', '{"email":"ada@example.com"}');
  await dapr.put('myapp/deployment', '{"region":"north"}');
  const guid = await fixture
    .create()
    .saveCredentials({ 'secret-path': 'myapp/credentials/warehouse', database: 'sales' });

  const query = (text: string, values?: unknown[]) => fixture.pool.query(text, values);
  const context = {
    config: { environment: 'test', secretPrefix: 'myapp' },
    provider: fixture.components.main.provider,
    database: { query, read: query },
    logger: createRecordingLogger().logger,
  } as unknown as FeatureContext;
  const settingsOf = (feature: Feature) =>
    feature === (credentials as Feature)
      ? settings.parse({
          CREDENTIALS_HOSTS: `${host}:${port}`,
          COMPONENT_SECRETSTORE_PROVIDER: 'dapr',
          COMPONENT_SECRETSTORE_DAPR_HTTP_ENDPOINT: dapr.url,
          COMPONENT_SECRETSTORE_DAPR_API_TOKEN: dapr.environment.DAPR_API_TOKEN,
        })
      : { WAREHOUSE_CONNECTION: guid };
  const running = await runFeatures([credentials, warehouse], context, settingsOf);

  const { app } = createTestApp({ features: running.flatMap(({ routes }) => routes) });
  const { body } = await request(app).get('/warehouse').set(authorized).expect(200);
  assert.deepEqual(
    { ...body, bytes: 0 },
    { database: 'sales', bytes: 0, region: 'north', contact: 'ada@example.com' },
  );
  assert.ok(body.bytes > 1_000_000);
  for (const feature of running.toReversed()) await feature.close?.();
  await fixture.close();
});
