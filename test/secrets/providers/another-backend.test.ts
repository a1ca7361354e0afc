/**
 * A backend that the template does not have, added to a copy of the tree as CONTRIBUTING.md says: its folder and one
 * line. Every command then runs with it, each as a process. `npm run dev` needs a stand-in, which is one more line.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Sandbox } from '../../../sandbox/sandbox.ts';
import { serviceEnvironment } from '../../../sandbox/service-environment.ts';
import { copyTree, edit, removeTree } from '../../support/copy-tree.ts';

type SandboxModule = typeof import('../../../sandbox/sandbox.ts');
type ServiceModule = typeof import('../../../sandbox/service.ts');
type CommandModule = typeof import('../../../sandbox/secrets-command.ts');

const SHELF = new URL('shelf/', import.meta.url);
const PROVIDER = 'shelf' as Sandbox['provider'];

async function addShelf(tree: string) {
  const folder = join(tree, 'src/secrets/providers/shelf');
  await mkdir(folder);
  for (const name of ['backend.ts', 'provider.ts']) await copyFile(new URL(name, SHELF), join(folder, name));
  const line = "export { shelf } from './shelf/backend.ts';\n";
  await edit(join(tree, 'src/secrets/providers/index.ts'), (index) => index + line);

  const standIn = "import { startShelf } from '../test/secrets/providers/shelf/stand-in.ts';\n";
  await edit(join(tree, 'sandbox/backends.ts'), (backends) =>
    backends
      .replace(/^import /m, `${standIn}$&`)
      .replace('  file: startFiles,\n', '$&  shelf: startShelf,\n'),
  );
}

describe('another backend, in a copy of the tree', () => {
  let tree: string;
  let sandbox: Sandbox;
  let startService: ServiceModule['startService'];
  let startSecretsCommand: CommandModule['startSecretsCommand'];

  before(async () => {
    tree = await copyTree('another-backend');
    await addShelf(tree);
    const load = (path: string) => import(pathToFileURL(join(tree, path)).href);
    const { startSandbox }: SandboxModule = await load('sandbox/sandbox.ts');
    ({ startService } = (await load('sandbox/service.ts')) as ServiceModule);
    ({ startSecretsCommand } = (await load('sandbox/secrets-command.ts')) as CommandModule);
    sandbox = await startSandbox({ provider: PROVIDER });
  });
  after(async () => {
    await sandbox?.close();
    await removeTree(tree);
  });

  const secrets = async (parameters: string[], settings: Record<string, string> = {}) => {
    const { code, lines } = await startSecretsCommand(sandbox, { parameters, settings }).ended;
    return { code, shown: lines.join('\n') };
  };
  const run = async (script: string, parameters: string[], environment: Record<string, string>) => {
    const child = spawn(process.execPath, [join(tree, script), ...parameters], {
      env: serviceEnvironment(environment),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    sandbox.reaper.watch(child);
    return child;
  };

  it('npm start, also for connections by reference', async () => {
    const { SHELF_URL = '', SHELF_TOKEN = '' } = sandbox.environment;
    const service = startService({
      environment: {
        ...sandbox.environment,
        COMPONENT_OTHER_PROVIDER: 'shelf',
        COMPONENT_OTHER_SHELF_URL: SHELF_URL,
        COMPONENT_OTHER_SHELF_TOKEN: SHELF_TOKEN,
      },
      reaper: sandbox.reaper,
    });
    assert.ok(service.process.stdout);
    const output = text(service.process.stdout);
    try {
      assert.ok(await service.ready);
      const post = async (path: string, body: object, token = '') => {
        const response = await fetch(`${service.url}${path}`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
          body: JSON.stringify(body),
        });
        return { status: response.status, body: await response.json() };
      };
      assert.equal((await fetch(`${service.url}/ready`)).status, 200);
      assert.match(await (await fetch(`${service.url}/config`)).text(), /"provider":"shelf"/);

      // A team can delete the feature.
      if (!existsSync(join(tree, 'src/features/credentials'))) return;
      const { email, password } = sandbox.user;
      const login = await post('/auth/login', { email, password });
      const { host, port, dbname } = sandbox.credentials();
      const connection = {
        credentialSource: 'agent',
        component: 'other',
        'secret-path': 'myapp/credentials/warehouse',
        host,
        port,
        username: 'username',
        password: 'password',
        extra: { database: dbname },
      };
      const tested = await post('/credentials/test', connection, login.body.token);
      assert.deepEqual([tested.status, tested.body.connected], [200, true], JSON.stringify(tested.body));
    } finally {
      await service.stop();
    }
    assert.equal(await service.ended, 'exit code 0', await output);
  });

  it('doctor', async () => {
    const { code, shown } = await secrets(['doctor']);
    assert.equal(code, 0, shown);
    assert.match(shown, /✓ Network: http:.* answers in/);
    assert.match(shown, /✓ Place: the shelf at http:/);
    const wrong = await secrets(['doctor'], { SHELF_TOKEN: 'wrong' });
    assert.equal(wrong.code, 78, wrong.shown);
    assert.match(wrong.shown, /SHELF_TOKEN on the shelf at/);
    assert.match((await secrets(['doctor'], { SHELF_URL: '' })).shown, /SHELF_URL: is not set/);
  });

  it('migrate', async () => {
    const child = await run('src/cli/migrate.ts', [], {
      ...sandbox.environment,
      ...sandbox.writer,
      DATABASE_SECRET_NAME: sandbox.nameOf('database-owner'),
    });
    const [output, errors, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    assert.equal(code, 0, errors);
    assert.match(output, /up to date/);
  });

  it('rotate', async () => {
    const { code, shown } = await secrets(['rotate', 'jwt', '--force']);
    assert.equal(code, 0, shown);
    assert.match(shown, /Writing myapp\/jwt with a new key/);
  });

  it('import', async () => {
    const file = join(tree, '.env');
    await writeFile(file, 'OPENAI_API_KEY=key\nOPENAI_MODEL=gpt\nSHELF_URL=http://x\nSHELF_TOKEN=x\n');
    const { code, shown } = await secrets(['import', file, '--yes'], { OPENAI_SECRET_NAME: 'imported' });
    assert.equal(code, 0, shown);
    assert.match(shown, /Written: imported, version 1\./);
    assert.match(shown, /SHELF_URL +- is configuration/);
    assert.match(shown, /SHELF_TOKEN - identifies the process/);
  });

  it('npm run documents:record', async () => {
    const child = await run('test/documents/documents.test.ts', [], { RECORD: '1' });
    const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
    assert.equal(code, 0, output);
    assert.match(await readFile(join(tree, '.env.example'), 'utf8'), /^SHELF_URL=$/m);
    assert.match(await readFile(join(tree, 'README.md'), 'utf8'), /^\| `shelf` \| Shelf \|/m);
  });

  it('npm run dev', async () => {
    const child = await run('sandbox/dev.ts', ['--provider', 'shelf'], { PORT: '0' });
    let output = '';
    const isReady = new Promise<boolean>((resolve) => {
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk) => {
          output += chunk;
          if (/Ready after/.test(output)) resolve(true);
        });
      child.once('close', () => resolve(false));
    });
    assert.ok(await isReady, output);
    assert.match(output, /secrets +shelf at http:/);
    child.kill('SIGTERM');
    const [code] = await once(child, 'close');
    assert.equal(code, 0, output);
  });
});
