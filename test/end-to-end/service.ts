/** The service as a process on the sandbox: one suite for every backend. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { BackendName } from '../../sandbox/backends.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { type Service, startService } from '../../sandbox/service.ts';

/** Packages of each provider's SDK. Those of the other providers must not be loaded. */
const SDKS: Record<BackendName, RegExp> = {
  aws: /node_modules\/@(aws-sdk|smithy)\//,
  vault: /node_modules\/(node-vault|axios)\//,
  azure: /node_modules\/@azure\//,
  file: /src\/secrets\/providers\/file\/provider\.ts/,
};

const RECORDER = new URL('../support/record-modules.ts', import.meta.url).href;

export function describeService(provider: BackendName) {
  describe(`the service on ${provider}`, () => {
    let sandbox: Sandbox;
    let service: Service;
    let output = '';

    before(async () => {
      sandbox = await startSandbox({ provider });
      service = await start();
      assert.ok(await service.ready, output);
    });
    after(async () => {
      await service?.stop();
      await sandbox?.close();
    });

    const start = async (settings: Record<string, string> = {}) => {
      const started = startService({
        environment: { ...sandbox.environment, NODE_OPTIONS: `--import=${RECORDER}`, ...settings },
        reaper: sandbox.reaper,
      });
      started.process.stdout?.on('data', (chunk) => {
        output += chunk;
      });
      started.process.stderr?.on('data', (chunk) => {
        output += chunk;
      });
      return started;
    };

    const send = async (path: string, { token, body }: { token?: string; body?: object } = {}) => {
      const response = await fetch(`${service.url}${path}`, {
        method: body ? 'POST' : 'GET',
        headers: {
          ...(token && { Authorization: `Bearer ${token}` }),
          ...(body && { 'Content-Type': 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      assert.equal(response.status, 200, `${path}: ${text}\n${output}`);
      return text;
    };
    const logIn = async () => JSON.parse(await send('/auth/login', { body: sandbox.user })).token as string;
    const databaseUser = async (token: string) =>
      JSON.parse(await send('/db-test', { token, body: {} })).user as string;
    const chat = async (token: string) =>
      JSON.parse(await send('/ai/chat', { token, body: { message: 'hello' } })).reply;

    it('logs in, and reaches the database and the model', async () => {
      const token = await logIn();
      assert.equal(JSON.parse(await send('/auth/me', { token })).email, sandbox.user.email);
      assert.equal(await databaseUser(token), 'myapp_a');
      assert.equal(await chat(token), 'You said: hello');
      assert.match(
        await send('/ai/chat', { token, body: { message: 'hello', stream: true } }),
        /^data: .*\n\nevent: done/s,
      );
    });

    it('shows its provider and the names of its secrets', async () => {
      assert.deepEqual(JSON.parse(await send('/config')), {
        provider,
        environment: 'development',
        secrets: ['database', 'jwt', 'openai'],
      });
    });

    it('keeps serving when every secret is replaced, and accepts older tokens', async () => {
      const token = await logIn();
      await sandbox.rotate('database');
      assert.equal(await databaseUser(token), 'myapp_b');
      await sandbox.rotate('openai');
      assert.equal(await chat(token), 'You said: hello');
      await sandbox.rotate('jwt');
      assert.equal(JSON.parse(await send('/auth/me', { token })).email, sandbox.user.email);
      await send('/auth/me', { token: await logIn() });
      await send('/ready');
      const metrics = await send('/metrics');
      for (const secret of ['database', 'openai'])
        assert.match(metrics, new RegExp(`^secret_rotations_total\\{secret="${secret}"\\} 1$`, 'm'));
      assert.match(
        metrics,
        new RegExp(`^secret_backend_calls_total\\{provider="${provider}",.*"ok"\\} \\d+$`, 'm'),
      );
    });

    it('loads only the SDK of its provider', () => {
      const loaded = [...output.matchAll(/^loaded (.*)$/gm)].map(([, url]) => url ?? '');
      assert.ok(
        loaded.some((url) => SDKS[provider].test(url)),
        'the recorder recorded nothing',
      );
      for (const [other, sdk] of Object.entries(SDKS))
        if (other !== provider)
          assert.deepEqual(
            loaded.filter((url) => sdk.test(url)),
            [],
            other,
          );
    });

    it('writes no secret to its output', async () => {
      for (const value of sandbox.plantedValues()) assert.ok(!output.includes(value));
    });

    it('exits with 0 on SIGTERM', async () => {
      service.process.kill('SIGTERM');
      assert.equal(await service.ended, 'exit code 0');
    });

    it('does not start when a secret is missing: one report, exit code 78', async () => {
      output = '';
      const missing = { DATABASE_SECRET_NAME: 'nowhere-database', JWT_SECRET_NAME: 'nowhere-jwt' };
      assert.equal(await (await start(missing)).ended, 'exit code 78');
      assert.match(
        output,
        /2 of 3 required secrets could not be loaded\.\n {2}database: .*nowhere-database.*\[not-found\]\n.*\n {2}jwt: .*nowhere-jwt/,
      );
    });

    it('does not start with invalid credentials: exit code 78', async () => {
      output = '';
      const name = sandbox.nameOf('database');
      // Twice, because the previous version still works.
      for (let version = 0; version < 2; version += 1)
        await sandbox.backend.put(
          name,
          JSON.stringify({ ...sandbox.credentials(), password: 'not the password' }),
        );
      assert.equal(await (await start({ SECRET_STARTUP_TIMEOUT: '3' })).ended, 'exit code 78');
      assert.match(output, /database: PostgreSQL at .* refuses the login of myapp_b \[28P01\]/);
      assert.doesNotMatch(output, /not the password/);
    });
  });
}
