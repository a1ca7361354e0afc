/** The doctor as a process, on every stand-in, with each trouble that it reports. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { Client } from 'pg';
import { BACKENDS, type BackendName } from '../../sandbox/backends.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { startSecretsCommand } from '../../sandbox/secrets-command.ts';
import { CHECKS } from '../../src/cli/doctor/checks.ts';
import { CHECKED } from '../../src/cli/doctor/required.ts';
import { overrideVariable } from '../../src/secrets/names.ts';
import { EXHAUSTIVE } from '../support/exhaustive.ts';

interface Trouble {
  name: string;
  /** Default: every backend. */
  on?: BackendName[];
  settings?: Record<string, string>;
  /** Causes the trouble. Returns what undoes it. */
  cause?: (sandbox: Sandbox) => Promise<() => unknown>;
  /** The checks that fail. */
  failed: string[];
  exitCode: 75 | 78;
  /** Must match the remedies together. */
  says: RegExp;
}

const NETWORKED: BackendName[] = ['aws', 'vault', 'azure'];

const withFault =
  (kind: 'hang' | 'denied' | 'identity' | 'throttled' | 'sealed' | 'unavailable') =>
  async (sandbox: Sandbox) => {
    assert.ok(sandbox.backend.faults);
    return sandbox.backend.faults.inject({ kind });
  };

/** Changes a value. */
const withValue =
  (id: 'database' | 'jwt' | 'openai', change: (value: Record<string, unknown>) => object) =>
  async (sandbox: Sandbox) => {
    const value = sandbox.valueOf(id);
    await sandbox.backend.put(sandbox.nameOf(id), JSON.stringify(change({ ...value })));
    return () => sandbox.backend.put(sandbox.nameOf(id), JSON.stringify(value));
  };

const withSql = (statement: string, undo: string) => async (sandbox: Sandbox) => {
  const run = async (text: string) => {
    const client = new Client({ ...sandbox.postgres.connection, database: 'myapp' });
    await client.connect();
    await client.query(text).finally(() => client.end());
  };
  await run(statement);
  return () => run(undo);
};

const SECRETS = CHECKED.map(({ id }) => `secret-${id}`);
const ON_DEMAND = CHECKED.filter(({ use }) => use === 'on-demand');

const TROUBLES: Trouble[] = [
  {
    name: 'wrong variables, without which the other checks continue',
    settings: { PORT: 'abc', LOG_LEVEL: 'loud' },
    failed: ['configuration'],
    exitCode: 78,
    says: /\.env\.example/,
  },
  {
    name: 'no variable that says where the backend is',
    settings: { AWS_REGION: '', VAULT_ADDR: '', AZURE_VAULT_URL: '', SECRETS_DIR: '' },
    failed: ['configuration'],
    exitCode: 78,
    says: /\.env\.example/,
  },
  {
    name: 'a file of authorities that cannot be read',
    on: ['vault'],
    settings: { VAULT_CACERT: '/nowhere.pem' },
    failed: ['configuration'],
    exitCode: 78,
    says: /Set VAULT_CACERT to a PEM file/,
  },
  {
    name: 'nothing listens',
    on: NETWORKED,
    async cause({ backend }) {
      await backend.listening?.refuse();
      return () => backend.listening?.accept();
    },
    failed: ['network'],
    exitCode: 75,
    says: /Nothing listens at/,
  },
  {
    name: 'no answer',
    on: ['vault'],
    cause: withFault('hang'),
    failed: ['network'],
    exitCode: 75,
    says: /does not answer in time/,
  },
  {
    name: 'sealed',
    on: ['vault'],
    cause: withFault('sealed'),
    failed: ['identity'],
    exitCode: 75,
    says: /unseal/,
  },
  {
    name: 'throttled',
    on: NETWORKED,
    cause: withFault('throttled'),
    failed: ['identity'],
    exitCode: 75,
    says: /Wait|SECRET_TTL/,
  },
  {
    name: 'an identity that is not accepted',
    on: NETWORKED,
    cause: withFault('identity'),
    failed: ['identity'],
    exitCode: 78,
    says: /AppRole|VAULT_ROLE_ID|role|identity/,
  },
  {
    name: 'every read refused, with what each of the two needs',
    on: ['aws'],
    cause: withFault('denied'),
    failed: SECRETS,
    exitCode: 78,
    says: /DescribeSecret[\s\S]*GetSecretValue/,
  },
  {
    name: 'every read refused, with what each of the two needs',
    on: ['vault'],
    cause: withFault('denied'),
    failed: SECRETS,
    exitCode: 78,
    says: /secret\/metadata\/myapp\/jwt[\s\S]*secret\/data\/myapp\/jwt/,
  },
  {
    name: 'every read refused',
    on: ['azure'],
    cause: withFault('denied'),
    failed: SECRETS,
    exitCode: 78,
    says: /Key Vault Secrets User/,
  },
  {
    name: 'another region',
    on: ['aws'],
    settings: { AWS_REGION: 'us-east-1' },
    failed: ['place'],
    exitCode: 78,
    says: /correct AWS_REGION or SECRET_PREFIX/,
  },
  {
    name: 'another prefix',
    on: NETWORKED,
    settings: { SECRET_PREFIX: 'nowhere' },
    failed: ['place'],
    exitCode: 78,
    says: /SECRET_PREFIX.*create nowhere.database, nowhere.jwt, nowhere.openai/,
  },
  {
    name: 'one secret missing',
    settings: { JWT_SECRET_NAME: 'nowhere-jwt' },
    failed: ['secret-jwt'],
    exitCode: 78,
    says: /nowhere-jwt/,
  },
  {
    name: 'a secret in its deletion window',
    on: NETWORKED,
    settings: { OPENAI_SECRET_NAME: 'gone-openai' },
    async cause(sandbox) {
      await sandbox.backend.put('gone-openai', JSON.stringify(sandbox.valueOf('openai')));
      await sandbox.backend.remove?.('gone-openai');
      return () => {};
    },
    failed: ['secret-openai'],
    exitCode: 78,
    says: /restore-secret|undelete|recover/,
  },
  {
    name: 'a field missing',
    cause: withValue('openai', ({ model: _, ...rest }) => rest),
    failed: ['shape-openai'],
    exitCode: 78,
    says: /Fix this field of .*openai/,
  },
  ...ON_DEMAND.map(
    ({ id }): Trouble => ({
      name: `fields missing in ${id}, which is read on demand`,
      on: ['aws'],
      settings: { [overrideVariable(id)]: `wrong-${id}` },
      async cause({ backend }) {
        await backend.put(`wrong-${id}`, JSON.stringify({ unknown: 'any' }));
        return () => {};
      },
      failed: [`shape-${id}`],
      exitCode: 78,
      says: new RegExp(`Fix (this field|these fields) of wrong-${id}`),
    }),
  ),
  {
    name: 'a weak key',
    on: ['file'],
    cause: withValue('jwt', (value) => ({ ...value, secret_key: 'short' })),
    failed: ['shape-jwt'],
    exitCode: 78,
    says: /Fix this field of .*jwt/,
  },
  {
    name: 'a placeholder',
    on: ['file'],
    cause: withValue('jwt', () => ({})),
    failed: ['shape-jwt'],
    exitCode: 78,
    says: /holds a placeholder/,
  },
  {
    name: 'a password that the database refuses',
    cause: withValue('database', (value) => ({ ...value, password: 'not the password' })),
    failed: ['database-login'],
    exitCode: 78,
    says: /username and password in the secret/,
  },
  {
    name: 'a database that does not answer',
    on: ['file'],
    cause: withValue('database', (value) => ({ ...value, port: 1 })),
    failed: ['database-login'],
    exitCode: 75,
    says: /host and port in the secret/,
  },
  {
    name: 'a right missing on a table',
    on: ['vault'],
    cause: withSql('REVOKE INSERT ON users FROM myapp_app', 'GRANT INSERT ON users TO myapp_app'),
    failed: ['database-tables'],
    exitCode: 78,
    says: /Grant the role myapp_app/,
  },
  {
    name: 'migrations that did not run',
    on: ['vault'],
    cause: withSql('ALTER TABLE users RENAME TO people', 'ALTER TABLE people RENAME TO users'),
    failed: ['database-tables'],
    exitCode: 78,
    says: /npm run migrate/,
  },
  {
    name: 'a key that OpenAI refuses',
    cause: withValue('openai', (value) => ({ ...value, api_key: 'not the key' })),
    failed: ['openai-key'],
    exitCode: 78,
    says: /not been revoked/,
  },
  {
    name: 'a model that OpenAI does not know',
    on: ['file'],
    cause: withValue('openai', (value) => ({ ...value, model: 'nothing' })),
    failed: ['openai-key'],
    exitCode: 78,
    says: /Correct model/,
  },
];

interface Document {
  version: number;
  healthy: boolean;
  exitCode: number;
  checks: {
    id: string;
    title: string;
    status: string;
    detail: string;
    problems: { remedy: string; message: string }[];
  }[];
}

for (const provider of EXHAUSTIVE ? BACKENDS : (['vault'] as const))
  describe(`the doctor on ${provider}`, () => {
    let sandbox: Sandbox;
    let output = '';
    before(async () => {
      sandbox = await startSandbox({ provider });
    });
    after(() => sandbox?.close());

    const run = async (parameters: string[], settings: Record<string, string> = {}) => {
      const { environment, reaper } = sandbox;
      const command = startSecretsCommand(
        { environment, reaper, writer: {} },
        { parameters: ['doctor', ...parameters], settings },
      );
      const { code, lines } = await command.ended;
      output += lines.join('\n');
      return { code, text: lines.join('\n') };
    };
    const examine = async (settings: Record<string, string> = {}) => {
      const { code, text } = await run(['--json'], settings);
      const document = JSON.parse(text) as Document;
      assert.equal(document.version, 1);
      assert.equal(document.exitCode, code);
      const idsOf = (status: string) =>
        document.checks.filter((check) => check.status === status).map(({ id }) => id);
      return { code, ...document, idsOf };
    };

    it('passes a healthy setup', async () => {
      const { code, text } = await run([]);
      assert.equal(code, 0, text);
      assert.match(text, /^✓ Configuration: /);
      assert.match(text, /\nNothing is wrong: the service can start\.$/);
      assert.doesNotMatch(text, /✗/);
      assert.ok(!text.includes('\u001b'), 'colours belong on a terminal');
    });

    for (const { name, on, settings, cause, failed, exitCode, says } of TROUBLES)
      if (on?.includes(provider) ?? true)
        it(name, async () => {
          const undo = await cause?.(sandbox);
          try {
            const found = await examine(settings);
            assert.deepEqual(found.idsOf('failed'), failed, JSON.stringify(found.checks, null, 2));
            assert.equal(found.code, exitCode);
            const problems = found.checks.flatMap((check) => check.problems);
            assert.match(problems.map(({ remedy }) => remedy).join('\n'), says);
            for (const { status, detail } of found.checks)
              if (status === 'skipped') assert.match(detail, /^not checked: .* failed$/);
          } finally {
            await undo?.();
          }
        });

    for (const { id } of ON_DEMAND)
      it(`does not require ${id}, which is read on demand`, async () => {
        const found = await examine({ [overrideVariable(id)]: 'nowhere' });
        assert.equal(found.code, 0);
        assert.deepEqual(
          found.idsOf('not-applicable').filter((check) => check.endsWith(`-${id}`)),
          [`secret-${id}`, `shape-${id}`],
        );
      });

    it('shows no value', () => {
      assert.ok(output.length > 1_000);
      for (const value of sandbox.plantedValues()) assert.ok(!output.includes(value));
    });

    if (provider !== 'vault') return;

    it('shows colours on a terminal that supports them, and remedies under each cross', async () => {
      const { text } = await run([], { FORCE_COLOR: '1', VAULT_SECRET_ID: 'wrong' });
      assert.ok(text.includes('\u001b[31m✗\u001b[39m \u001b[1mIdentity'), text);
      assert.match(text, /\[identity\]\n {6}.*Create a new secret ID/);
      const earlier = ['configuration', 'network', 'clock', 'identity'];
      const later = CHECKS.filter(({ id }) => !earlier.includes(id));
      assert.match(text, new RegExp(`1 failed, ${later.length} not checked`));
      assert.ok(!(await run([], { NO_COLOR: '1' })).text.includes('\u001b'));
    });

    it('a clock that differs', async () => {
      const clock = createServer((_request, response) => {
        response.setHeader('Date', new Date(Date.now() - 400_000).toUTCString()).end();
      });
      await new Promise<void>((resolve) => clock.listen(0, '127.0.0.1', resolve));
      const { port } = clock.address() as AddressInfo;
      const found = await examine({ VAULT_ADDR: `http://127.0.0.1:${port}` });
      clock.close();
      const [problem] = found.checks.find(({ id }) => id === 'clock')?.problems ?? [];
      assert.match(problem?.message ?? '', /(399|400|401) s ahead of the backend's/);
      assert.match(problem?.remedy ?? '', /NTP/);
    });

    it('refuses an unknown option with exit code 64', async () => {
      assert.equal((await run(['--loud'])).code, 64);
    });
  });
