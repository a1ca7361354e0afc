/** A sample of failed starts as real processes: the exit code, and the report as the only output on standard error. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { BACKENDS, type Backend, type BackendName, startBackend } from '../../sandbox/backends.ts';
import { startService } from '../../sandbox/service.ts';

/** Never resolves, by RFC 6761. */
const NOWHERE: Record<BackendName, Record<string, string>> = {
  aws: { AWS_ENDPOINT_URL_SECRETS_MANAGER: 'https://backend.invalid' },
  vault: { VAULT_ADDR: 'https://backend.invalid' },
  azure: { AZURE_VAULT_URL: 'https://backend.invalid' },
  file: { SECRETS_DIR: '/nowhere' },
};

const REPORT =
  /^3 of 3 required secrets could not be loaded\.\n( {2}(database|jwt|openai): .* \[[a-z-]+\]\n( {4}.+\n)?){3}$/;

for (const provider of BACKENDS)
  describe(`a start that fails on ${provider}`, () => {
    let directory: string;
    let backend: Backend;
    before(async () => {
      directory = await mkdtemp(join(tmpdir(), 'faults-'));
      backend = await startBackend(provider, { directory, mayRead: () => true });
    });
    after(async () => {
      await backend.close();
      await rm(directory, { recursive: true });
    });

    const start = async (settings: Record<string, string>) => {
      const service = startService({
        environment: {
          SECRET_PROVIDER: provider,
          SECRET_STARTUP_TIMEOUT: '2',
          ...backend.environment,
          ...settings,
        },
      });
      const output = { stdout: '', stderr: '' };
      for (const name of ['stdout', 'stderr'] as const)
        service.process[name]?.on('data', (chunk) => {
          output[name] += chunk;
        });
      return { ended: await service.ended, ...output };
    };

    it('a host that does not resolve', { timeout: 60_000 }, async () => {
      const { ended, stderr, stdout } = await start(NOWHERE[provider]);
      assert.equal(ended, provider === 'file' ? 'exit code 78' : 'exit code 75');
      assert.match(stderr, REPORT);
      assert.match(stderr, provider === 'file' ? /there is no directory \/nowhere/ : /does not resolve/);
      for (const line of stdout.trim().split('\n').filter(Boolean)) JSON.parse(line);
    });

    it('missing secrets', { timeout: 60_000 }, async () => {
      const { ended, stderr } = await start({});
      assert.equal(ended, 'exit code 78');
      assert.match(stderr, REPORT);
      assert.match(stderr, /\[not-found\]/);
    });
  });

it('a missing file of certificates is reported without a stack trace', {
  timeout: 60_000,
}, async () => {
  const service = startService({
    environment: {
      SECRET_PROVIDER: 'vault',
      VAULT_ADDR: 'https://backend.invalid',
      VAULT_TOKEN: 'none',
      VAULT_CACERT: '/nowhere/ca.pem',
    },
  });
  let stderr = '';
  service.process.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  assert.equal(await service.ended, 'exit code 78');
  assert.match(
    stderr,
    /^The configuration is incomplete\.\n {2}vault: .*\/nowhere\/ca\.pem.*\[invalid\]\n {4}Set VAULT_CACERT /,
  );
});
