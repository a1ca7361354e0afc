/** Production packages: their number and their reasons are in architecture/packages.md, and a start loads few of them. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);
const read = (path: string) => readFile(new URL(`../${path}`, import.meta.url), 'utf8');

interface Locked {
  dev?: boolean;
  optional?: boolean;
  devOptional?: boolean;
}

describe('production packages', async () => {
  const document = await read('architecture/packages.md');
  const { packages } = JSON.parse(await read('package-lock.json')) as { packages: Record<string, Locked> };
  const { dependencies } = JSON.parse(await read('package.json')) as { dependencies: object };

  it('are no more than the document says', () => {
    const production = Object.entries(packages).filter(
      ([path, { dev, optional, devOptional }]) => path !== '' && !dev && !optional && !devOptional,
    );
    const [, told] = /^\*\*(\d+) packages\*\*/m.exec(document) ?? [];
    assert.ok(production.length <= Number(told), `${production.length} packages`);
  });

  it('have a reason each', () => {
    const rows = document.split('\n').filter((line) => line.startsWith('| `'));
    const explained = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(.+?)`/g)]);
    const names = new Set(explained.map(([, name]) => name));
    assert.deepEqual(
      Object.keys(dependencies).filter((name) => !names.has(name)),
      [],
    );
  });
});

describe('a start', () => {
  it('loads no SDK before the first request that needs it', async () => {
    const recorder = new URL('support/record-modules.ts', import.meta.url).href;
    const entry = ['service', 'config', 'features/index', 'http/server', 'logger']
      .map((name) => `await import(${JSON.stringify(new URL(`../src/${name}.ts`, import.meta.url).href)});`)
      .join('');
    const { stderr } = await run(process.execPath, [
      '--import',
      recorder,
      '--input-type=module',
      '-e',
      entry,
    ]);
    const loaded = new Set(
      [...stderr.matchAll(/node_modules\/((?:@[^/\s]+\/)?[^/\s]+)/g)].map(([, name = '']) => name),
    );
    assert.ok(loaded.has('express'), 'the recorder recorded nothing');
    const late =
      /^(openai|stripe|node-vault|axios|node-pg-migrate|swagger-ui-dist|@(sendgrid|azure|aws-sdk|smithy)\/.*)$/;
    assert.deepEqual(
      [...loaded].filter((name) => late.test(name)),
      [],
    );
  });
});
