/** The shape of the tree: imports point one way, and documents speak of what is there. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findCycle, folderOf, type Import } from './support/cycles.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => `src/${path.replaceAll('\\', '/')}`);

/** Files of this repository that a source imports, relative to its root. */
const importsOf = (path: string): string[] =>
  [...read(path).matchAll(/(?:from|import)\s*\(?'(\.[^']+)'/g)].map(([, target = '']) =>
    relative(ROOT, resolve(ROOT, dirname(path), target)).replaceAll('\\', '/'),
  );

/** What the files under a path must not import. */
const FORBIDDEN: [from: RegExp, to: RegExp, why: string][] = [
  [/^src\//, /^(?!src\/|package\.json$)/, 'nothing in src depends on the sandbox or the tests'],
  [
    /^src\/secrets\/providers\//,
    /^src\/(http|clients|routes|cli|features)\//,
    'a provider does not know who asks',
  ],
  [
    /^src\/secrets\/providers\//,
    /^src\/secrets\/(store|live-secret|last-good)/,
    'a provider does not know the store',
  ],
  [
    /^src\/secrets\/(?!providers\/)/,
    /^src\/(http|clients|routes|cli|features)\//,
    'the store does not know its clients',
  ],
  [
    /^src\/clients\//,
    /^src\/(secrets\/providers|http|routes|cli|features)\//,
    'a client does not know the backend',
  ],
  [/^src\/(routes|http)\//, /^src\/(secrets|cli|features)\//, 'a route does not know that secrets exist'],
  [/^src\/(?!cli\/)/, /^src\/cli\//, 'the service does not depend on its commands'],
];

describe('imports', () => {
  for (const [from, to, why] of FORBIDDEN)
    it(why, () => {
      const found = sources
        .filter((path) => from.test(path))
        .flatMap((path) =>
          importsOf(path)
            .filter((target) => to.test(target))
            .map((target) => `${path} -> ${target}`),
        );
      assert.deepEqual(found, []);
    });

  const imports = sources.flatMap((path) => importsOf(path).map((target): Import => [path, target]));
  const folders = new Set(sources.map((path) => dirname(path)));
  const byFolder = (path: string) => folderOf(path, folders);

  it('of files form no cycle, types included', () => assert.deepEqual(findCycle(imports), []));
  it('of folders form no cycle', () => assert.deepEqual(findCycle(imports, byFolder), []));

  it('that form a cycle are found', () => {
    const planted: Import[] = [
      ['src/clients/jwt.ts', 'src/secrets/store.ts'],
      ['src/secrets/names.ts', 'src/clients/openai.ts'],
    ];
    assert.deepEqual(findCycle([...imports, ...planted]), []);
    assert.equal(findCycle([...imports, ...planted], byFolder).length, 2);
    assert.equal(
      findCycle([
        ['a', 'b'],
        ['b', 'c'],
        ['c', 'b'],
      ]).length,
      2,
    );
  });

  it('process.exit is called in server.ts and in commands only', () => {
    const callers = sources.filter(
      (path) => /process\.exit\(/.test(read(path)) && !path.startsWith('src/cli/'),
    );
    assert.deepEqual(callers, ['src/server.ts']);
  });
});

/** A link into a feature remains when the feature is deleted. */
function isOfDeletedFeature(path: string, target: string): boolean {
  const [, feature] = /^(?:src|test)\/features\/([\w-]+)(?:\/|$)/.exec(join(dirname(path), target)) ?? [];
  return feature !== undefined && !existsSync(join(ROOT, 'src/features', feature));
}

describe('documents', () => {
  const documents = [
    'README.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    ...['architecture', 'kubernetes', 'terraform'].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
        .filter((path) => path.endsWith('.md'))
        .map((path) => `${folder}/${path.replaceAll('\\', '/')}`),
    ),
  ];

  for (const path of documents)
    it(`${path} links to what is there`, () => {
      const targets = [...read(path).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target = '']) => target);
      const missing = targets.filter(
        (target) => !existsSync(resolve(ROOT, dirname(path), target)) && !isOfDeletedFeature(path, target),
      );
      assert.deepEqual(missing, []);
    });

  it('every npm command in them exists', () => {
    const { scripts } = JSON.parse(read('package.json'));
    const commands = documents.flatMap((path) =>
      [...read(path).matchAll(/npm run (?:-s )?([\w:-]+)/g)].map(([, name = '']) => name),
    );
    assert.ok(commands.length > 5);
    assert.deepEqual(
      commands.filter((name) => scripts[name] === undefined),
      [],
    );
  });
});
