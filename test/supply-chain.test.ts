/** What comes in with the dependencies, and what must not come in with a commit. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

interface Package {
  integrity?: string;
  resolved?: string;
  /** An expression of SPDX; old packages have a list to choose from. */
  license?: string | { type: string }[];
  dev?: boolean;
}

describe('the lockfile', () => {
  let packages: [path: string, Package][];
  before(async () => {
    const lockfile = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8'));
    packages = Object.entries<Package>(lockfile.packages).filter(([path]) => path !== '');
  });
  const those = (wanted: (details: Package) => boolean) =>
    packages.flatMap(([path, details]) => (wanted(details) ? [path] : []));

  it('has the integrity of every package', () => {
    assert.ok(packages.length > 100);
    assert.deepEqual(
      those(({ integrity = '' }) => !integrity.startsWith('sha512-')),
      [],
    );
  });

  it('names no place to download from', () => {
    assert.deepEqual(
      those(({ resolved }) => resolved !== undefined),
      [],
    );
  });

  it('brings into production only licences that ask for no more than to be named', () => {
    const PERMISSIVE = /^\(?(MIT|ISC|Apache-2\.0|BSD-[23]-Clause|0BSD|BlueOak-1\.0\.0|CC0-1\.0)\b/;
    const isPermissive = (license: Package['license'] = '') =>
      typeof license === 'string'
        ? PERMISSIVE.test(license)
        : license.some(({ type }) => PERMISSIVE.test(type));
    assert.deepEqual(
      those(({ dev, license }) => !dev && !isPermissive(license)),
      [],
    );
  });
});

describe('the hook before a commit', () => {
  let repository: string;
  before(async () => {
    repository = await mkdtemp(join(tmpdir(), 'hook test '));
    await run('git', 'init', '--quiet');
    await run('git', 'config', 'core.hooksPath', '.githooks');
    await run('git', 'config', 'user.name', 'Ada');
    await run('git', 'config', 'user.email', 'ada@example.com');
    for (const path of ['.githooks', '.secretlintrc.json'])
      await cp(join(ROOT, path), join(repository, path), { recursive: true });
    await symlink(join(ROOT, 'node_modules'), join(repository, 'node_modules'));
  });
  after(() => rm(repository, { recursive: true, force: true }));

  /** Resolves with the exit code and all that was written. */
  const run = (command: string, ...parameters: string[]) =>
    new Promise<{ code: number; output: string }>((resolve) => {
      const PATH = `${dirname(process.execPath)}:${process.env.PATH}`;
      const options = { cwd: repository, env: { ...process.env, PATH } };
      execFile(command, parameters, options, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr }),
      );
    });
  const commit = async (text: string) => {
    await writeFile(join(repository, 'settings.txt'), text);
    await run('git', 'add', 'settings.txt');
    return run('git', 'commit', '--quiet', '-m', 'settings: add one');
  };

  const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  const random = (length: number) =>
    Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');

  it('accepts a commit without a credential', async () => {
    assert.deepEqual(await commit('VAULT_ADDR=https://vault.example.com:8200\n'), { code: 0, output: '' });
  });

  // Put together here, so that this file holds none itself.
  for (const [what, text] of Object.entries({
    'a key of AWS': `AWS_SECRET_ACCESS_KEY=${random(40)}`,
    'a token of Vault': `hvs.${random(95)}`,
    'a password of PostgreSQL': `postgres://ada:${random(20)}@db.example.com/myapp`,
    'a key of Stripe': `sk_${'live'}_${random(40)}`,
    'a key of SendGrid': `SG.${random(22)}.${random(43)}`,
  }))
    it(`refuses ${what}, and does not show it`, async () => {
      const { code, output } = await commit(`${text}\n`);
      assert.notEqual(code, 0);
      assert.match(output, /settings\.txt[\s\S]*error/);
      assert.ok(!output.includes(text.slice(-12)));
    });
});
