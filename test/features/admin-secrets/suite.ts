/** Administrators and secrets, on one backend: two replicas of the service as processes, and callers of every kind. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Client } from 'pg';
import type { BackendName } from '../../../sandbox/backends.ts';
import { type Sandbox, startSandbox } from '../../../sandbox/sandbox.ts';
import { type Service, startService } from '../../../sandbox/service.ts';

interface Answer {
  status: number;
  text: string;
  body: Record<string, unknown>;
}

export function describeAdminSecrets(provider: BackendName) {
  describe(`administrators on ${provider}`, () => {
    let sandbox: Sandbox;
    let services: Service[];
    let token: string;
    let output = '';

    const send = async (
      method: string,
      path: string,
      body?: object,
      service = services[0],
    ): Promise<Answer> => {
      const response = await fetch(`${service?.url}${path}`, {
        method,
        headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) },
        ...(body && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, text, body: JSON.parse(text) };
    };
    const write = (secretName: unknown, secretValue: unknown) =>
      send('POST', '/admin/secrets', { secretName, secretValue });
    const rotate = (secretName: unknown, newValue: unknown, service?: Service) =>
      send('PUT', '/admin/secrets/rotate', { secretName, newValue }, service);
    const versions = async (service?: Service) => {
      const { body } = await send('GET', '/admin/secrets', undefined, service);
      const entries = body.secrets as { name: string; version: string }[];
      return Object.fromEntries(entries.map(({ name, version }) => [name, version]));
    };
    const databaseUser = async () => (await send('POST', '/db-test')).body.user;
    /** Waits for what a process writes in its own time. */
    const audited = async (pattern: RegExp) => {
      for (let look = 0; look < 100 && !pattern.test(output); look += 1)
        await new Promise((resolve) => setTimeout(resolve, 20));
      assert.match(output, pattern);
    };

    before(async () => {
      sandbox = await startSandbox({ provider });
      const start = (settings: Record<string, string> = {}) => {
        const service = startService({
          environment: { ...sandbox.environment, ADMIN_SECRETS: 'Enabled', LOG_LEVEL: 'error', ...settings },
          reaper: sandbox.reaper,
        });
        for (const stream of [service.process.stdout, service.process.stderr])
          stream?.on('data', (chunk) => {
            output += chunk;
          });
        return service;
      };
      // The second one has the default.
      services = [start({ ADMIN_SECRET_NAMES: 'database,jwt,openai,flags' }), start()];
      for (const service of services) assert.ok(await service.ready, output);
      token = (await send('POST', '/auth/login', sandbox.user)).body.token as string;
    });
    after(async () => {
      await Promise.all(services?.map((service) => service.stop()) ?? []);
      await sandbox?.close();
    });

    it('see every secret and no value', async () => {
      const { status, text, body } = await send('GET', '/admin/secrets');
      assert.equal(status, 200, text);
      assert.deepEqual(
        (body.secrets as { name: string; lastOutcome: string }[]).map(({ name, lastOutcome }) => [
          name,
          lastOutcome,
        ]),
        (['database', 'jwt', 'openai'] as const).map((id) => [sandbox.nameOf(id), 'ok']),
      );
      for (const value of sandbox.plantedValues()) assert.ok(!text.includes(value));
    });

    it('write a secret, by its name here or in the backend', async () => {
      for (const name of ['flags', sandbox.nameOf('flags')]) {
        const { status, body } = await write(name, { key: 'planted key of a flag' });
        assert.deepEqual([status, body.secretName], [200, 'flags']);
        assert.equal((await versions())[sandbox.nameOf('flags')], body.version);
      }
      await audited(
        /"audit":true,"caller":"ada@example.com","callerId":"[^"]+","secret":"flags","version":"[^"]+","outcome":"written"/,
      );
    });

    it('can write by default what the service reads, and nothing else', async () => {
      assert.equal((await rotate('flags', { key: 'planted' }, services[1])).status, 404);
      const { status, text } = await rotate('jwt', { secret_key: 'k'.repeat(40) }, services[1]);
      assert.equal(status, 200, text);
    });

    it('rotate the database: proven, written, and in use when they are answered', async () => {
      const login = await sandbox.createLogin('myapp_b');
      assert.equal(await databaseUser(), 'myapp_a');
      const { status, text, body } = await rotate('database', login);
      assert.equal(status, 200, text);
      assert.equal(await databaseUser(), 'myapp_b');
      assert.equal((await versions())[sandbox.nameOf('database')], body.version);
      assert.ok(!text.includes(login.password));
    });

    it('rotate the key of tokens, and the old one is believed for a while', async () => {
      const { status, text } = await rotate('jwt', { secret_key: 'k'.repeat(48) });
      assert.equal(status, 200, text);
      assert.equal((await send('GET', '/auth/me')).status, 200);
    });

    it('rotate the key of OpenAI', async () => {
      const value = {
        api_key: sandbox.openai.createKey(),
        model: 'sandbox-echo',
        base_url: sandbox.openai.baseUrl,
      };
      sandbox.openai.revokeKeys();
      assert.equal((await rotate('openai', value)).status, 400);
      value.api_key = sandbox.openai.createKey();
      assert.equal((await rotate('openai', value)).status, 200);
      const { body } = await send('POST', '/ai/chat', { message: 'hello' });
      assert.equal(body.reply, 'You said: hello');
    });

    describe('are refused', () => {
      const good = () => ({ ...sandbox.credentials(), host: '127.0.0.1' });
      const cases: [what: string, status: number, name: string, value: () => unknown][] = [
        [
          'a password that does not log in',
          400,
          'database',
          () => ({ ...good(), password: 'planted wrong password' }),
        ],
        ['a database that is not there', 400, 'database', () => ({ ...good(), dbname: 'nowhere' })],
        ['a server that is not in use', 400, 'database', () => ({ ...good(), host: '127.0.0.2' })],
        [
          'a port that is not in use',
          400,
          'database',
          () => ({ ...good(), port: new URL(sandbox.openai.baseUrl).port }),
        ],
        ['a value without a field', 400, 'database', () => ({ username: 'a', password: 'planted password' })],
        ['no object', 400, 'database', () => 'planted text'],
        ['an empty object', 400, 'database', () => ({})],
        ['a short key', 400, 'jwt', () => ({ secret_key: 'planted short key' })],
        ['the algorithm none', 400, 'jwt', () => ({ secret_key: 'k'.repeat(48), algorithm: 'none' })],
        [
          'a key that OpenAI does not know',
          400,
          'openai',
          () => ({ api_key: 'planted key', model: 'm', base_url: sandbox.openai.baseUrl }),
        ],
        [
          'a model that the key has not',
          400,
          'openai',
          () => ({ api_key: sandbox.openai.createKey(), model: 'other', base_url: sandbox.openai.baseUrl }),
        ],
        [
          'a server that is not OpenAI',
          400,
          'openai',
          () => ({
            api_key: 'planted key',
            model: 'm',
            base_url: sandbox.openai.baseUrl.replace('127.0.0.1', '127.0.0.2'),
          }),
        ],
        ['another secret', 404, 'database-owner', good],
        ['the administrator of the database', 404, 'database-administrator', good],
        ['a path out of the prefix', 404, '../other', () => 'planted text'],
        ['a name that objects have', 404, 'constructor', () => 'planted text'],
      ];
      for (const [what, status, name, value] of cases)
        it(`${what}: ${status}, nothing changes and nothing leaks`, async () => {
          const before = await versions();
          for (const attempt of [write, rotate]) {
            const answer = await attempt(name, value());
            assert.equal(answer.status, status, answer.text);
            assert.doesNotMatch(answer.text, /planted/);
          }
          assert.deepEqual(await versions(), before);
          assert.equal((await send('POST', '/db-test')).status, 200);
        });

      for (const [what, body] of [
        ['no name', { secretValue: 'planted' }],
        ['no value', { secretName: 'jwt' }],
        ['a number', { secretName: 'jwt', secretValue: 7 }],
        ['null', { secretName: 'jwt', secretValue: null }],
        ['an empty text', { secretName: 'jwt', secretValue: '' }],
        ['a list', { secretName: 'jwt', secretValue: ['planted'] }],
        ['a name that is none', { secretName: { $ne: '' }, secretValue: 'planted' }],
        ['more than was asked', { secretName: 'jwt', secretValue: 'planted', version: '1' }],
      ] as const)
        it(`${what}: 400`, async () => {
          const { status, text } = await send('POST', '/admin/secrets', body);
          assert.equal(status, 400, text);
          assert.doesNotMatch(text, /planted/);
        });

      it('without a token or the role', async () => {
        const admin = token;
        try {
          for (const [other, expected] of [
            ['', 401],
            [await userToken(), 403],
          ] as const) {
            token = other;
            const value = { secret_key: 'k'.repeat(48) };
            for (const answer of [
              await write('jwt', value),
              await rotate('jwt', value),
              await send('GET', '/admin/secrets'),
            ])
              assert.equal(answer.status, expected, answer.text);
          }
        } finally {
          token = admin;
        }
      });
    });

    it('at once: one writes, the others get a conflict', async () => {
      // Slow enough that all of them come while the first one writes.
      sandbox.backend.faults?.inject({ kind: 'latency', milliseconds: 800 });
      const values = Array.from({ length: 6 }, (_, index) => ({ secret_key: `${index}`.padEnd(48, 'k') }));
      const answers = await Promise.all(
        values.map((value, index) => rotate('jwt', value, services[index % services.length])),
      );
      sandbox.backend.faults?.clear();
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409, 409, 409, 409]);
      const winner = answers.findIndex(({ status }) => status === 200);
      // Asked of the one who wrote: another process sees it when it looks.
      const known = await versions(services[winner % services.length]);
      assert.equal(known[sandbox.nameOf('jwt')], answers[winner]?.body.version);
    });

    it('after a write from outside get a correct answer', async () => {
      await sandbox.rotate('jwt');
      assert.equal((await rotate('jwt', { secret_key: 'another'.padEnd(48, 'k') })).status, 200);
    });

    it('learn which server is down, and may retry', async () => {
      const value = { secret_key: 'after the outage'.padEnd(48, 'k') };
      sandbox.backend.faults?.inject({ kind: 'unavailable' });
      const answer = await rotate('jwt', value);
      sandbox.backend.faults?.clear();
      assert.equal(answer.status, 503, answer.text);
      await audited(/"secret":"jwt","outcome":"unavailable"/);
      assert.equal((await rotate('jwt', value)).status, 200);
    });

    it('leave no value in a log', async () => {
      for (const value of [...sandbox.plantedValues(), 'planted', 'kkkkkk'])
        assert.ok(!output.includes(value), value);
    });

    /** A user without the role admin. */
    async function userToken(): Promise<string> {
      const { username, password, host, port, dbname } = sandbox.credentials();
      const client = new Client({ user: username, password, host, port: Number(port), database: dbname });
      await client.connect();
      await client.query(
        `INSERT INTO users (email, password_hash) SELECT 'bob@example.com', password_hash FROM users
         ON CONFLICT DO NOTHING`,
      );
      await client.end();
      const login = { email: 'bob@example.com', password: sandbox.user.password };
      return (await send('POST', '/auth/login', login)).body.token as string;
    }
  });
}
