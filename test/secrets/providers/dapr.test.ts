import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startDapr } from '../../../sandbox/dapr.ts';
import { listen } from '../../../sandbox/http.ts';
import { SecretError } from '../../../src/errors.ts';
import { createDapr } from '../../../src/secrets/providers/dapr/provider.ts';
import { getBackend } from '../../../src/secrets/providers/registry.ts';
import { describeProvider } from './contract.ts';

const settingsOf = ({ environment }: Awaited<ReturnType<typeof startDapr>>) => ({
  endpoint: environment.DAPR_HTTP_ENDPOINT,
  component: environment.DAPR_SECRET_STORE,
  apiToken: environment.DAPR_API_TOKEN,
});

describeProvider(
  'Dapr',
  async () => {
    const sidecar = await startDapr({ mayRead: (name) => name.startsWith('myapp/') });
    const settings = settingsOf(sidecar);
    return {
      provider: createDapr(settings),
      nameOf: (secret) => `myapp/${secret}`,
      put: sidecar.put,
      disable: sidecar.remove,
      forbidden: 'other/secret',
      unreachable: async () => createDapr({ ...settings, endpoint: 'http://127.0.0.1:1' }),
      impostor: async () => createDapr({ ...settings, apiToken: 'unknown' }),
      faults: sidecar.faults,
      close: sidecar.close,
    };
  },
  {
    'states when the version was made': 'the API returns no times',
    'version() agrees with read()': 'the API returns no version without the value, so version() is missing',
    'reads the previous version': 'the API has no stages; only some stores take a version id',
    'a secret that is switched off is disabled':
      'the API has no code that distinguishes it from a failed store',
  },
);

describe('Dapr', () => {
  let sidecar: Awaited<ReturnType<typeof startDapr>>;
  before(async () => {
    sidecar = await startDapr({ mayRead: () => true });
  });
  after(() => sidecar.close());

  const failure = async (promise: Promise<unknown>): Promise<SecretError> => {
    const error = await promise.catch((reason: unknown) => reason);
    assert.ok(error instanceof SecretError, String(error));
    return error;
  };

  it('returns the single value of a store without keys unchanged', async () => {
    await sidecar.put('api-key', 'plain text');
    assert.equal((await createDapr(settingsOf(sidecar)).read('api-key')).value, 'plain text');
  });

  it('keeps the keys of a store with several; numbers stay strings', async () => {
    await sidecar.put('database', '{"username":"ada","port":5432}');
    const { value } = await createDapr(settingsOf(sidecar)).read('database');
    assert.deepEqual(JSON.parse(value), { username: 'ada', port: '5432' });
  });

  it('has a version that changes with the value, does not reveal it, and differs between processes', async () => {
    const provider = createDapr(settingsOf(sidecar));
    await sidecar.put('key', 'one');
    const first = await provider.read('key');
    await sidecar.put('key', 'two');
    const second = await provider.read('key');
    await sidecar.put('key', 'one');
    assert.notEqual(second.version, first.version);
    assert.equal((await provider.read('key')).version, first.version);
    assert.notEqual((await createDapr(settingsOf(sidecar)).read('key')).version, first.version);
  });

  it('a component that the sidecar does not have is invalid, and named', async () => {
    const error = await failure(createDapr({ ...settingsOf(sidecar), component: 'nowhere' }).read('key'));
    assert.equal(error.code, 'invalid');
    assert.match(error.remedy, /nowhere/);
  });

  for (const kind of ['oversized', 'slow-body', 'portal'] as const)
    it(`an answer that is ${kind} is unavailable within the time limit`, async () => {
      await sidecar.put('key', 'value');
      const remove = sidecar.faults.inject({ kind });
      const provider = createDapr(settingsOf(sidecar));
      const error = await failure(provider.read('key', { signal: AbortSignal.timeout(2_000) }));
      assert.equal(error.code, 'unavailable');
      remove();
    });

  it('a redirect is not followed, so the token stays here', async () => {
    let followed = false;
    const elsewhere = await listen((_request, response) => {
      followed = true;
      response.end('{}');
    });
    const redirecting = await listen((_request, response) => {
      response.writeHead(302, { Location: elsewhere.url }).end();
    });
    const error = await failure(
      createDapr({ endpoint: redirecting.url, component: 'secretstore', apiToken: 'token' }).read('key'),
    );
    assert.equal(error.code, 'unavailable');
    assert.equal(followed, false);
    await Promise.all([elsewhere.close(), redirecting.close()]);
  });

  it('is chosen by SECRET_PROVIDER=dapr and reads its settings from the environment', async () => {
    await sidecar.put('key', 'value');
    const dapr = getBackend('dapr');
    const configured = dapr.configure(sidecar.environment);
    assert.ok('create' in configured);
    assert.equal((await (await configured.create()).read('key')).value, 'value');
    const byDefault = dapr.configure({});
    assert.ok('location' in byDefault);
    assert.equal(byDefault.location.name, 'the component secretstore at http://127.0.0.1:3500');
    assert.ok('problems' in dapr.configure({ DAPR_HTTP_ENDPOINT: 'ftp://sidecar' }));
  });
});
