import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { settings } from '../../../src/features/credentials/settings.ts';

const faults = (env: Record<string, string>) =>
  settings.safeParse(env).error?.issues.map(({ path, message }) => `${path.join('.')} ${message}`) ?? [];

describe('the settings', () => {
  it('allow nothing by default', () => {
    const { hosts, awsPlaces, azureVaults, rateLimit, components, prefix } = settings.parse({});
    assert.deepEqual(
      [hosts, awsPlaces, azureVaults, rateLimit, [...components], prefix],
      [[], [], [], 20, [], undefined],
    );
  });

  it('are lists between commas', () => {
    const { hosts, awsPlaces, azureVaults } = settings.parse({
      CREDENTIALS_HOSTS: '*.db.example.com:5432, 10.0.0.7:*,',
      CREDENTIALS_AWS_ACCOUNTS: 'eu-central-1:111122223333',
      CREDENTIALS_AZURE_VAULTS: 'https://mine.vault.azure.net/',
    });
    assert.deepEqual(hosts, [
      { host: '*.db.example.com', port: 5432 },
      { host: '10.0.0.7', port: undefined },
    ]);
    assert.deepEqual(awsPlaces, ['eu-central-1:111122223333']);
    assert.deepEqual(azureVaults, ['https://mine.vault.azure.net']);
  });

  for (const [variable, value] of [
    ['CREDENTIALS_HOSTS', 'db.example.com:5432, *'],
    ['CREDENTIALS_AWS_ACCOUNTS', '111122223333'],
    ['CREDENTIALS_AZURE_VAULTS', 'http://mine.vault.azure.net'],
    ['CREDENTIALS_AZURE_VAULTS', 'https://mine.vault.azure.net/secrets'],
    ['CREDENTIALS_PREFIX', 'myapp/cred'],
    ['CREDENTIALS_PREFIX', '../'],
    ['CREDENTIALS_RATE_LIMIT', 'many'],
  ] as const)
    it(`${variable}=${value} is reported`, () => {
      const [fault = ''] = faults({ [variable]: value });
      assert.ok(fault.startsWith(variable), fault);
    });
});

describe('components', () => {
  it('have a provider and settings of their own, named after them', () => {
    const { components } = settings.parse({
      COMPONENT_SECRETSTORE_PROVIDER: 'Dapr',
      COMPONENT_DEPLOYMENT_STORE_PROVIDER: 'vault',
      COMPONENT_DEPLOYMENT_STORE_VAULT_ADDR: 'https://vault.example.com',
      COMPONENT_DEPLOYMENT_STORE_VAULT_TOKEN: 'x',
      COMPONENT_DEPLOYMENT_STORE_PREFIX: 'team-',
    });
    assert.deepEqual([...components.keys()], ['secretstore', 'deployment-store']);
    assert.equal(components.get('deployment-store')?.prefix, 'team-');
  });

  it('do not take the settings of the main backend', () => {
    const main = { VAULT_ADDR: 'https://vault.example.com', VAULT_TOKEN: 'x' };
    assert.match(
      faults({ ...main, COMPONENT_A_PROVIDER: 'vault' }).join(),
      /COMPONENT_A_VAULT_ADDR is not set/,
    );
  });

  it('with an unknown provider, or a prefix that does not end, are reported', () => {
    assert.match(
      faults({ COMPONENT_A_PROVIDER: 'paper' }).join(),
      /COMPONENT_A_PROVIDER must be one of aws, .*file, .*vault/,
    );
    assert.match(
      faults({ COMPONENT_A_PROVIDER: 'dapr', COMPONENT_A_PREFIX: 'a' }).join(),
      /COMPONENT_A_PREFIX must end/,
    );
  });
});
