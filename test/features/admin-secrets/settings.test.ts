import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfig } from '../../../src/config.ts';
import type { StartupError } from '../../../src/errors.ts';
import { adminSecrets } from '../../../src/features/admin-secrets/index.ts';

const file = { SECRET_PROVIDER: 'file', SECRETS_DIR: '/run/secrets' };
const settings = (environment: Record<string, string>) =>
  loadConfig({ ...file, ...environment }, [adminSecrets]).settingsOf(adminSecrets);
const isReported = (pattern: RegExp) => (error: StartupError) => pattern.test(error.report());

describe('settings for administrators', () => {
  it('forbid writing by default', () => {
    assert.equal(settings({}).ADMIN_SECRETS, 'disabled');
    assert.equal(settings({ ADMIN_SECRETS: 'Enabled' }).ADMIN_SECRETS, 'enabled');
    assert.throws(
      () => settings({ ADMIN_SECRETS: 'yes' }),
      isReported(/ADMIN_SECRETS: must be enabled or disabled/),
    );
  });

  it('name secrets of the service, and none of those that make logins and keys', () => {
    assert.deepEqual(settings({ ADMIN_SECRET_NAMES: ' jwt , feature/flags,' }).ADMIN_SECRET_NAMES, [
      'jwt',
      'feature/flags',
    ]);
    for (const names of ['database-administrator', 'jwt,openai-administrator', '../other', 'a b'])
      assert.throws(() => settings({ ADMIN_SECRET_NAMES: names }), isReported(/ADMIN_SECRET_NAMES/), names);
  });

  it('name servers with their ports', () => {
    assert.deepEqual(settings({ ADMIN_SECRET_HOSTS: 'db.example.com:5432' }).ADMIN_SECRET_HOSTS, [
      'db.example.com:5432',
    ]);
    for (const hosts of ['db.example.com', 'https://db:1', 'ftp://db:1', 'http://db', '*'])
      assert.throws(() => settings({ ADMIN_SECRET_HOSTS: hosts }), isReported(/ADMIN_SECRET_HOSTS/), hosts);
  });

  it('are refused at startup where writing is off', async () => {
    const config = loadConfig({ ...file, ADMIN_SECRETS: 'enabled' }, [adminSecrets]);
    const context = { config } as Parameters<typeof adminSecrets.create>[0];
    await assert.rejects(
      async () => adminSecrets.create(context, config.settingsOf(adminSecrets)),
      isReported(/file cannot be written to/),
    );
  });
});
