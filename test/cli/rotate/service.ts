/** `npm run secrets` as a process, on the sandbox, while the service answers requests: one suite for every backend. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import type { BackendName } from '../../../sandbox/backends.ts';
import { type Sandbox, startSandbox } from '../../../sandbox/sandbox.ts';
import { startSecretsCommand } from '../../../sandbox/secrets-command.ts';
import { type Service, startService } from '../../../sandbox/service.ts';
import { EXHAUSTIVE } from '../../support/exhaustive.ts';

/** A short one, so that the service notices soon. */
const SETTINGS = { SECRET_TTL: '1' };
const WORKERS = 4;

export function describeRotation(provider: BackendName) {
  describe(`rotation on ${provider}, under load`, () => {
    let sandbox: Sandbox;
    let service: Service;
    let token: string;
    let log = '';
    const requests = { answered: 0, failed: [] as string[] };
    let loading = true;
    let load: Promise<unknown> = Promise.resolve();

    before(async () => {
      sandbox = await startSandbox({ provider });
      service = startService({
        environment: { ...sandbox.environment, ...SETTINGS, LOG_LEVEL: 'warn' },
        reaper: sandbox.reaper,
      });
      for (const stream of [service.process.stdout, service.process.stderr])
        stream?.on('data', (chunk) => {
          log += chunk;
        });
      assert.ok(await service.ready, log);
      token = await logIn();
      load = Promise.all(Array.from({ length: WORKERS }, work));
    });
    after(async () => {
      loading = false;
      await load;
      await service?.stop();
      await sandbox?.close();
    });

    const send = (path: string, body?: object) =>
      fetch(`${service.url}${path}`, {
        method: body ? 'POST' : 'GET',
        headers: {
          'Content-Type': 'application/json',
          ...(token && path !== '/auth/login' && { Authorization: `Bearer ${token}` }),
        },
        ...(body && { body: JSON.stringify(body) }),
      });
    const logIn = async () => {
      const response = await send('/auth/login', sandbox.user);
      return ((await response.json()) as { token: string }).token;
    };
    const work = async () => {
      const paths: [string, object?][] = [['/db-test', {}], ['/ai/chat', { message: 'hello' }], ['/auth/me']];
      while (loading)
        for (const [path, body] of paths) {
          const response = await send(path, body);
          const text = await response.text();
          if (response.ok) requests.answered += 1;
          else requests.failed.push(`${path} ${response.status} ${text}`);
          // Light load: it is the rotation that is tested, not the machine.
          await delay(5);
        }
    };
    const assertNoneFailed = () => {
      assert.ok(requests.answered > 0);
      assert.deepEqual(requests.failed, [], log);
    };

    const run = (parameters: string[], onLine?: (line: string) => void, settings = {}) =>
      startSecretsCommand(sandbox, {
        parameters,
        settings: { ...SETTINGS, ...settings },
        ...(onLine && { onLine }),
      });
    const rotate = async (...parameters: string[]) => {
      const { code, lines } = await run(['rotate', ...parameters]).ended;
      assert.equal(code, 0, lines.join('\n'));
      return lines;
    };
    const loginsOf = async () => {
      const client = new Client({ ...sandbox.postgres.connection, database: 'myapp' });
      await client.connect();
      const { rows } = await client.query<{ rolname: string }>(
        "SELECT rolname FROM pg_roles WHERE rolname IN ('myapp_a', 'myapp_b') AND rolcanlogin",
      );
      await client.end();
      return rows.map(({ rolname }) => rolname);
    };
    const databaseUser = async () => ((await (await send('/db-test', {})).json()) as { user: string }).user;

    it('replaces the database login, and the old one cannot log in', async () => {
      const first = sandbox.credentials();
      const lines = await rotate('database');
      assert.match(lines.at(-1) ?? '', /^Done: myapp_a cannot log in/);
      assert.equal(await databaseUser(), 'myapp_b');
      const client = new Client({ ...first, user: first.username, database: first.dbname });
      await assert.rejects(client.connect(), { code: '28P01' });
      for (const value of sandbox.plantedValues()) assert.ok(!lines.join().includes(value));
      assertNoneFailed();
    });

    // The same on every backend.
    if (provider === 'vault') {
      it('Ctrl-C while it waits: exit code 75, and the next run finishes', async () => {
        // The service's own sessions are what it waits for.
        const command = run(['rotate', 'database'], (line) => {
          if (line.startsWith('Writing')) command.process.kill('SIGINT');
        });
        const { code, lines } = await command.ended;
        assert.equal(code, 75, lines.join('\n'));
        assert.match(lines.join('\n'), /Stopped\.\n {2}Run the same command again/);
        await rotate('database', '--wait');
        assert.equal((await loginsOf()).length, 1);
        assertNoneFailed();
      });

      it('says how to use it, and refuses what makes no sense: exit code 64', async () => {
        for (const parameters of [
          [],
          ['rotate'],
          ['rotate', 'x'],
          ['rotate', 'jwt', '--timeout', 'x'],
          ['no'],
        ]) {
          const { code, lines } = await run(parameters).ended;
          assert.equal(code, 64);
          assert.match(lines.join('\n'), /npm run secrets -- rotate database/);
        }
      });
    }

    if (EXHAUSTIVE && provider === 'vault')
      it('killed after any line and run again, it leaves one login', async () => {
        const places = (await rotate('database')).length;
        assert.ok(places >= 6);
        for (let place = 0; place < places; place += 1) {
          let seen = 0;
          const command = run(['rotate', 'database'], () => {
            if (seen++ === place) command.process.kill('SIGKILL');
          });
          await command.ended;
          // PostgreSQL notices within moments that the one who held the lock is gone.
          await rotate('database', '--wait');
          assert.equal((await loginsOf()).length, 1, `killed after line ${place}`);
        }
        assert.deepEqual(await loginsOf(), [await databaseUser()]);
        assertNoneFailed();
      });

    it('replaces the OpenAI key, and deletes the one before', async () => {
      await rotate('openai');
      assert.match((await rotate('openai')).join('\n'), /Deleting the service account/);
      assert.equal(sandbox.openai.serviceAccounts().length, 1);
      assertNoneFailed();
    });

    it('replaces the JWT key and believes earlier tokens, until they are revoked', async (context) => {
      await rotate('jwt');
      const { code, lines } = await run(['rotate', 'jwt']).ended;
      assert.equal(code, 75, lines.join('\n'));
      assert.equal((await send('/auth/me')).status, 200);
      loading = false;
      await load;
      assertNoneFailed();
      context.diagnostic(`${requests.answered} requests answered, 0 failed`);

      await rotate('jwt', '--revoke');
      const deadline = performance.now() + 60_000;
      while ((await send('/auth/me')).status !== 401) {
        assert.ok(performance.now() < deadline, 'the token is still believed');
        await delay(25);
      }
      token = await logIn();
      assert.equal((await send('/auth/me')).status, 200);
    });

    it('the identity of the service may not: exit code 78', async () => {
      const { environment, reaper } = sandbox;
      const command = startSecretsCommand(
        { environment, reaper, writer: {} },
        { parameters: ['rotate', 'database'] },
      );
      const { code, lines } = await command.ended;
      assert.equal(code, 78);
      assert.match(lines.join('\n'), /refuses access to myapp.database-administrator \[denied\]/);
    });
  });
}
