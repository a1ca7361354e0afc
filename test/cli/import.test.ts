/** What of a `.env` goes where; and the command as a process, on every backend that can be written to. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { z } from 'zod';
import type { BackendName } from '../../sandbox/backends.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { startSecretsCommand } from '../../sandbox/secrets-command.ts';
import { planImport } from '../../src/cli/import/plan.ts';
import { featureVariables } from '../../src/cli/known-variables.ts';
import { declaredSecrets } from '../../src/declared-secrets.ts';
import { EXHAUSTIVE } from '../support/exhaustive.ts';

const KEY = 'planted-signing-key-of-more-than-32-bytes';

/** Put together here, because the scanner for secrets takes a whole one for real. */
const connection = (rest: string, scheme = 'postgres') => `${scheme}://${rest}`;

const feature = {
  secrets: {
    'search-keys': {
      use: 'on-demand' as const,
      schema: z.object({ reader: z.string(), writer: z.string() }),
      variables: { writer: ['SEARCH_WRITE_KEY'] },
    },
  },
};
const planOf = (variables: Record<string, string>) => planImport(variables, declaredSecrets([feature]));
const fieldsOf = (variables: Record<string, string>) =>
  Object.fromEntries(planOf(variables).secrets.map(({ secret, fields }) => [secret.id, fields]));

describe('the plan of an import', () => {
  it('takes a connection string apart', () => {
    const url = connection(
      'ada:p%40ss%2Fword@db.example.com:6543/shop?sslmode=verify-full&application_name=x',
      'postgresql',
    );
    assert.deepEqual(fieldsOf({ DATABASE_URL: url }).database, {
      username: 'ada',
      password: 'p@ss/word',
      host: 'db.example.com',
      port: '6543',
      dbname: 'shop',
      sslmode: 'verify-full',
    });
    assert.equal(fieldsOf({ POSTGRES_URL: 'postgres://a:b@[::1]/d' }).database?.host, '::1');
  });

  it('keeps the wish for TLS of a connection string', () => {
    const modeOf = (parameters: string) =>
      fieldsOf({ DATABASE_URL: connection(`a:b@db.example.com/d?${parameters}`) }).database?.sslmode;
    assert.equal(modeOf('ssl=true'), 'verify-full');
    assert.equal(modeOf('sslmode=no-verify'), 'require');
    assert.equal(modeOf('ssl=no-verify'), 'require');
    assert.equal(modeOf('ssl=0'), 'disable');
    assert.equal(modeOf('connect_timeout=3'), undefined);
    assert.equal(fieldsOf({ DB_SSL: 'true', DB_USER: 'a' }).database?.ssl, 'true');
    for (const refused of ['sslmode=prefer', 'sslmode=allow', 'sslrootcert=/ca.pem', 'ssl=maybe']) {
      const { problems } = planOf({ DATABASE_URL: connection(`a:b@db.example.com/d?${refused}`) });
      assert.match(problems.join(), new RegExp(`^DATABASE_URL (has|names) .*${refused.split('=')[0]}`));
    }
  });

  it('recognizes the names that libpq, frameworks and images use', () => {
    const expected = { username: 'u', password: 'p', host: 'h', port: '1', dbname: 'd' };
    for (const [prefix, user, database] of [
      ['PG', 'USER', 'DATABASE'],
      ['DB_', 'USERNAME', 'NAME'],
      ['POSTGRES_', 'USER', 'DB'],
      ['DATABASE_', 'USER', 'NAME'],
    ] as const) {
      const variables = {
        [`${prefix}${user}`]: 'u',
        [`${prefix}PASSWORD`]: 'p',
        [`${prefix}HOST`]: 'h',
        [`${prefix}PORT`]: '1',
        [`${prefix}${database}`]: 'd',
      };
      assert.deepEqual(fieldsOf(variables).database, expected, prefix);
    }
  });

  it('recognizes <ID>_<FIELD> of any secret, aliases, and the names that its entry lists', () => {
    const variables = {
      JWT_SIGNING_KEY: KEY,
      JWT_EXPIRES_IN: '7d',
      OPENAI_API_KEY: 'o',
      OPENAI_MODEL_NAME: 'm',
      SEARCH_KEYS_READER: 'r',
      SEARCH_WRITE_KEY: 'w',
    };
    assert.deepEqual(fieldsOf(variables), {
      jwt: { secret_key: KEY, expiry_hours: '168' },
      openai: { api_key: 'o', model: 'm' },
      'search-keys': { reader: 'r', writer: 'w' },
    });
  });

  it('two variables that differ about a field are a problem; two that agree are not', () => {
    const url = connection('a:planted@h/d');
    assert.deepEqual(planOf({ DATABASE_URL: url, PGPASSWORD: 'planted', PGHOST: 'h' }).problems, []);
    const { problems } = planOf({ DATABASE_URL: url, PGPASSWORD: 'another' });
    assert.deepEqual(problems, ['DATABASE_URL and PGPASSWORD differ about password: keep one of them.']);
  });

  it('what cannot be read is a problem that does not quote it', () => {
    for (const variables of [
      { DATABASE_URL: connection('a:planted@h/d', 'mysql') },
      { DATABASE_URL: connection('a:planted%@h/d') },
      { JWT_EXPIRES_IN: 'planted' },
    ]) {
      const { problems } = planOf(variables);
      assert.equal(problems.length, 1);
      assert.doesNotMatch(problems.join(), /planted/);
    }
  });

  it('leaves the rest, each with its reason', () => {
    const { secrets, left } = planOf({
      PORT: '3000',
      VAULT_TOKEN: 'x',
      SENTRY_TOKEN: 'x',
      THEME: 'dark',
      OPENAI_API_KEY: '',
    });
    assert.deepEqual(secrets, []);
    const reasons = Object.fromEntries(left.map(({ variable, reason }) => [variable, reason]));
    assert.match(reasons.PORT ?? '', /configuration/);
    assert.match(reasons.VAULT_TOKEN ?? '', /identifies the process/);
    assert.match(reasons.SENTRY_TOKEN ?? '', /by hand/);
    assert.match(reasons.THEME ?? '', /not a variable of this service/);
    assert.match(reasons.OPENAI_API_KEY ?? '', /empty/);
  });
});

describe("the service's own variables", () => {
  const reasonOf = (variable: string) => planOf({ [variable]: 'x' }).left[0]?.reason ?? '';

  it('are configuration', () => {
    for (const variable of [
      'PORT',
      'NODE_ENV',
      'SECRET_PROVIDER',
      'SECRET_TTL',
      'JWT_SECRET_NAME',
      'AWS_REGION',
      'AWS_ENDPOINT_URL',
      'AZURE_VAULT_URL',
      'AZURE_TOKEN_CREDENTIALS',
      'VAULT_KUBERNETES_TOKEN_FILE',
      'SECRETS_DIR',
      'DAPR_HTTP_ENDPOINT',
      'DAPR_SECRET_STORE',
    ])
      assert.match(reasonOf(variable), /^is configuration/, variable);
  });

  it('identify the process', () => {
    for (const variable of [
      'AWS_ACCESS_KEY_ID',
      'AWS_SECRET_ACCESS_KEY',
      'AWS_ROLE_ARN',
      'AZURE_CLIENT_ID',
      'AZURE_CLIENT_SECRET',
      'VAULT_TOKEN',
      'VAULT_SECRET_ID_FILE',
      'DAPR_API_TOKEN',
      'WRITER_AWS_ROLE_ARN',
      'WRITER_VAULT_TOKEN',
    ])
      assert.match(reasonOf(variable), /^identifies the process/, variable);
  });

  it('of features are one or the other', () => {
    const names = featureVariables.flatMap(([, variables]) => variables.map(({ name }) => name));
    for (const name of names)
      assert.match(
        reasonOf(name.replace('*', 'SECRET_STORE')),
        /^is configuration|^identifies the process/,
        name,
      );
  });
});
/** Nothing listens here. */
const CLOSED = 'http://127.0.0.1:1/';

const FILE = `# a team's file
DATABASE_URL="${connection('planted_user:planted%20password@127.0.0.1:1/shop')}"
export JWT_SECRET='${KEY}'
OPENAI_API_KEY=planted-openai-key # the team's
OPENAI_MODEL=gpt
OPENAI_BASE_URL=${CLOSED}
SENTRY_TOKEN=planted-sentry
PORT=8080
`;

const BACKENDS: BackendName[] = EXHAUSTIVE ? ['aws', 'vault', 'azure', 'file'] : ['vault'];

for (const provider of BACKENDS)
  describe(`import into ${provider}`, () => {
    let sandbox: Sandbox;
    let directory: string;
    let output = '';
    before(async () => {
      sandbox = await startSandbox({ provider });
      directory = await mkdtemp(join(tmpdir(), 'import-test-'));
    });
    after(async () => {
      await sandbox?.close();
      await rm(directory, { recursive: true });
    });

    const run = async (
      text: string,
      { parameters = ['--yes'], settings = {}, input = '', asReader = false } = {},
    ) => {
      const file = join(directory, '.env');
      await writeFile(file, text, { mode: 0o600 });
      const { environment, reaper, writer } = sandbox;
      const { code, lines } = await startSecretsCommand(
        { environment, reaper, writer: asReader ? {} : writer },
        { parameters: ['import', file, ...parameters], settings, input },
      ).ended;
      const shown = lines.join('\n');
      output += shown;
      return { code, shown };
    };
    /** Names that nothing is stored under yet. */
    const fresh = (suffix: string) => ({
      DATABASE_SECRET_NAME: `import-${suffix}-database`,
      JWT_SECRET_NAME: `import-${suffix}-jwt`,
      OPENAI_SECRET_NAME: `import-${suffix}-openai`,
    });

    if (provider === 'file') {
      it('is refused, with the reason', async () => {
        const { code, shown } = await run(FILE);
        assert.equal(code, 78);
        assert.match(shown, /The provider file cannot write: .*\n.*set SECRET_PROVIDER to aws, .*vault/);
      });
      return;
    }

    it('writes what is new, and says what to delete and to replace', async () => {
      const { code, shown } = await run(FILE, { settings: fresh('new') });
      assert.equal(code, 0, shown);
      assert.match(
        shown,
        /import-new-database: new\n {4}DATABASE_URL -> username, password, host, port, dbname\n/,
      );
      assert.match(
        shown,
        /import-new-openai: new\n {4}OPENAI_API_KEY {2}-> api_key\n {4}OPENAI_BASE_URL -> base_url\n {4}OPENAI_MODEL {4}-> model\n/,
      );
      assert.match(shown, /PORT {9}- is configuration .*\n {4}SENTRY_TOKEN - looks like a secret/);
      assert.match(
        shown,
        /Now delete from .*\.env: DATABASE_URL, JWT_SECRET, OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_MODEL\./,
      );
      assert.match(
        shown,
        /replace each of them\.\n {2}npm run secrets -- rotate database\n {2}npm run secrets -- rotate jwt --revoke/,
      );

      const again = await run(FILE, { settings: fresh('new'), parameters: [] });
      assert.equal(again.code, 0, again.shown);
      assert.match(again.shown, /import-new-jwt: exists, with these values/);
      assert.doesNotMatch(again.shown, /Written/);
    });

    it('asks, and writes nothing unless the answer is yes', async () => {
      const settings = fresh('asked');
      const unattended = await run(FILE, { settings, parameters: [] });
      assert.equal(unattended.code, 64);
      assert.match(unattended.shown, /Nothing was written\. To write without the question, add --yes\./);
      const no = await run(FILE, { settings, parameters: [], input: 'n\n' });
      assert.equal(no.code, 0);
      assert.match(no.shown, /^Nothing was written\.$/m);
      const yes = await run(FILE, { settings, parameters: [], input: 'yes\n' });
      assert.equal(yes.code, 0, yes.shown);
      assert.match(yes.shown, /import-asked-jwt: new/);
      assert.match(yes.shown, /Written: import-asked-jwt, version /);
    });

    it('says what it replaces, and keeps the fields that the file does not have', async () => {
      const settings = fresh('kept');
      await run(`OPENAI_API_KEY=first\nOPENAI_MODEL=gpt\nOPENAI_BASE_URL=${CLOSED}\n`, { settings });
      const { code, shown } = await run('OPENAI_API_KEY=second\n', { settings });
      assert.equal(code, 0, shown);
      assert.match(shown, /import-kept-openai: exists, and its api_key WILL BE REPLACED/);
      const same = await run('OPENAI_API_KEY=second\nOPENAI_MODEL=gpt\n', { settings });
      assert.match(same.shown, /with these values/);
    });

    it('writes nothing at all when one secret could not be used', async () => {
      const settings = fresh('refused');
      const { code, shown } = await run(
        `JWT_SECRET=short\nOPENAI_API_KEY=x\nPGHOST=h\nPGUSER=u\nPGPASSWORD=p\nPGDATABASE=d\n`,
        { settings },
      );
      assert.equal(code, 78);
      assert.match(shown, /Nothing was written:/);
      assert.match(shown, /secret_key \(JWT_SECRET\) is shorter than the 32 bytes/);
      assert.match(shown, /model \(OPENAI_MODEL\) is missing/);
      const later = await run('PGHOST=127.0.0.1\nPGPORT=1\nPGUSER=u\nPGPASSWORD=p\nPGDATABASE=d\n', {
        settings,
      });
      assert.match(later.shown, /import-refused-database: new/);
    });

    it('proves each value, and writes nothing when one is refused', async () => {
      const settings = fresh('proven');
      const { openai } = sandbox;
      const file = (key: string) =>
        `OPENAI_API_KEY=${key}\nOPENAI_MODEL=${openai.model}\nOPENAI_BASE_URL=${openai.baseUrl}\n`;
      const refused = await run(`JWT_SECRET=${KEY}\n${file('planted')}`, { settings });
      assert.equal(refused.code, 78);
      assert.match(
        refused.shown,
        /Nothing was written:\n {2}import-proven-openai: .*refuses the key \[401\]\. Put/,
      );
      const away = await run(`JWT_SECRET=${KEY}\n`, { settings });
      assert.match(away.shown, /import-proven-jwt: new/);
      const accepted = await run(file(openai.createKey()), { settings });
      assert.equal(accepted.code, 0, accepted.shown);
      assert.doesNotMatch(accepted.shown, /Not proven/);
    });

    it('says what it cannot prove from here', async () => {
      const { code, shown } = await run(FILE, { settings: fresh('away') });
      assert.equal(code, 0, shown);
      assert.match(shown, /Not proven from here:\n {2}import-away-database: PostgreSQL does not answer/);
      assert.match(shown, /import-away-openai: OpenAI does not answer/);
    });

    it('replaces a field that is stored under an alias', async () => {
      const settings = fresh('alias');
      await sandbox.backend.put(
        'import-alias-jwt',
        JSON.stringify({ signing_key: `another ${KEY}`, issuer: 'i' }),
      );
      const { code, shown } = await run(`JWT_SECRET=${KEY}\n`, { settings });
      assert.equal(code, 0, shown);
      assert.match(shown, /import-alias-jwt: exists, and its secret_key WILL BE REPLACED/);
    });

    it('the identity of the service may not: exit code 78, and what to grant', async () => {
      const { code, shown } = await run(FILE, { settings: fresh('reader'), asReader: true });
      assert.equal(code, 78, shown);
      assert.match(shown, /\[denied\]\n/);
    });

    it('shows no value', () => {
      assert.ok(output.length > 1_000);
      assert.doesNotMatch(output, /planted|signing-key/);
    });

    if (provider !== 'vault') return;
    it('says how to use it, and what it cannot read', async () => {
      const command = (parameters: string[]) =>
        startSecretsCommand(sandbox, { parameters: ['import', ...parameters] }).ended;
      assert.equal((await command([])).code, 64);
      const missing = await command(['nowhere.env']);
      assert.equal(missing.code, 78);
      assert.match(missing.lines.join('\n'), /nowhere\.env cannot be read/);
    });
  });
