/** A fourth secret with a client, added to a copy of the tree as a team would do it: 2 files and at most 15 lines. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { copyTree, edit, removeTree } from '../support/copy-tree.ts';

const run = promisify(execFile);

const CLIENT = `import type { LiveSecret } from '../secrets/live-secret.ts';
import type { SecretValue } from '../secrets/schemas.ts';
import type { Proof } from './proof.ts';

type SearchSecret = SecretValue<'search'>;
export const createSearch = ({ secret }: { secret: LiveSecret<SearchSecret> }) => ({
  address: () => secret.current().value.url,
});
export const searchProof: Proof<SearchSecret> = {
  serverOf: ({ url }) => new URL(url).host,
  steps: [{ id: 'key', title: 'Search key', run: async ({ api_key }) => \`\${api_key.length > 0}\` }],
};
`;

/** File, the line before, and the new lines. */
const PATCH: [file: string, after: string, lines: string][] = [
  [
    'src/secrets/schemas.ts',
    'export const SECRETS = {\n',
    `  search: {
    schema: z.object({ url: httpUrl, api_key: text }).transform((value) => conceal(value, 'api_key')),
    use: 'startup',
  },
`,
  ],
  [
    'src/clients/index.ts',
    "from './proof.ts';\n",
    "import { createSearch, searchProof } from './search.ts';\n",
  ],
  [
    'src/clients/index.ts',
    '  chat: createChat({ secret: live.openai, clock }),\n',
    '  search: createSearch({ secret: live.search }),\n',
  ],
  ['src/clients/index.ts', '  openai: openaiProof,\n', '  search: searchProof,\n'],
];

const SCRIPT = `import { writeFile } from 'node:fs/promises';
import { startSandbox } from './sandbox/sandbox.ts';
import { startSecretsCommand } from './sandbox/secrets-command.ts';
import { startService } from './sandbox/service.ts';

const sandbox = await startSandbox({ provider: 'vault' });
const service = startService({ environment: sandbox.environment, reaper: sandbox.reaper });
const ready = await service.ready;
const { secrets } = await (await fetch(\`\${service.url}/config\`)).json();
await service.stop();
await writeFile('search.env', 'SEARCH_URL=http://127.0.0.1:1/\\nSEARCH_API_KEY=another\\n');
const command = (...parameters) => startSecretsCommand(sandbox, { parameters }).ended;
const doctor = await command('doctor', '--json');
const imported = await command('import', 'search.env', '--yes');
await sandbox.close();
console.log(JSON.stringify({ ready, secrets, doctor, imported }));
`;

describe('a fourth secret', () => {
  let copy: string;
  before(async () => {
    copy = await copyTree('fourth-secret');
    await writeFile(join(copy, 'src/clients/search.ts'), CLIENT);
    for (const [file, previous, lines] of PATCH)
      await edit(join(copy, file), (text) => text.replace(previous, previous + lines));
  });
  after(() => removeTree(copy));

  it('takes two files and at most 15 lines beside its client', () => {
    assert.equal(new Set(PATCH.map(([file]) => file)).size, 2);
    const lines = PATCH.flatMap(([, , added]) => added.trimEnd().split('\n'));
    assert.ok(lines.length <= 15, `${lines.length} lines`);
  });

  it('has its types', async () => {
    await run(process.execPath, ['node_modules/typescript/bin/tsc'], { cwd: copy }).catch(({ stdout }) =>
      assert.fail(stdout),
    );
  });

  it('is loaded at startup, checked by the doctor and imported', async () => {
    await writeFile(join(copy, 'fourth.mjs'), SCRIPT);
    const { stdout } = await run(process.execPath, ['fourth.mjs'], { cwd: copy });
    const { ready, secrets, doctor, imported } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    assert.equal(ready, true);
    assert.ok(secrets.includes('search'));
    const { checks } = JSON.parse(doctor.lines.join('\n'));
    const passed = checks.filter((check: { status: string }) => check.status === 'passed');
    const ids: string[] = passed.map((check: { id: string }) => check.id);
    assert.deepEqual(
      ids.filter((id) => id.includes('search')),
      ['secret-search', 'shape-search', 'search-key'],
    );
    assert.equal(imported.code, 0, imported.lines.join('\n'));
    assert.match(imported.lines.join('\n'), /myapp\/search: exists, and its api_key, url WILL BE REPLACED/);
  });
});
