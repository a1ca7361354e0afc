/** The image: what its layers contain, and how it runs without a writable file, a capability or a user name. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, copyFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { BACKENDS } from '../../sandbox/backends.ts';
import { freePort } from '../../sandbox/http.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { docker, ROOT, run } from './docker.ts';
import { readLayers } from './layers.ts';

const CONFINED = ['--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges'];
const NAME = `image-test-${randomBytes(4).toString('hex')}`;
const IMAGE = `${NAME}:latest`;
const MEGABYTE = 1_000_000;

/** Files that may hold a secret, some of them in directories that go into the image. */
const LEFT_BEHIND = [
  '.npmrc',
  '.env',
  '.env.production',
  'src/.env',
  'src/secrets/server.key',
  'migrations/ca.pem',
];
const planted = randomBytes(24).toString('hex');

let directory: string;
before(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), 'image-')));
  const context = join(directory, 'context');
  await cp(ROOT, context, {
    recursive: true,
    filter: (path) => !/^(node_modules|\.git)$/.test(path.slice(ROOT.length)),
  });
  for (const path of LEFT_BEHIND) await leave(join(context, path));
  await leave(join(context, 'node_modules', 'left-behind', 'index.js'));
  const npmrc = join(directory, 'npmrc');
  await writeFile(npmrc, `//registry.example.com/:_authToken=${planted}\n`);
  await docker(
    [
      ...['build', '--network=host', '--file=docker/Dockerfile', `--tag=${IMAGE}`],
      ...[`--secret=id=npmrc,src=${npmrc}`, '--build-arg=SOURCE=https://example.com/repository', '.'],
    ],
    { cwd: context, env: { PLANTED: planted, DOCKER_BUILDKIT: '1' } },
  );
});
after(async () => {
  await docker(['rm', '--force', NAME]).catch(() => {});
  await docker(['image', 'rm', '--force', IMAGE]).catch(() => {});
  await rm(directory, { recursive: true, force: true });
});

async function leave(path: string) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, planted);
}

describe('the image', () => {
  it('is smaller than 250 MB', async () => {
    const size = Number(await docker(['image', 'inspect', '--format={{.Size}}', IMAGE])) / MEGABYTE;
    console.log(`  ${size.toFixed(0)} MB`);
    assert.ok(size < 250, `${size} MB`);
  });

  it('runs as a user without a name, with a health check and without a shell', async () => {
    const config = JSON.parse(await docker(['image', 'inspect', '--format={{json .Config}}', IMAGE]));
    assert.equal(config.User, '65532:65532');
    assert.deepEqual(config.Healthcheck.Test, ['CMD', '/usr/local/bin/node', 'docker/health.ts']);
    assert.deepEqual(config.Entrypoint, ['/usr/local/bin/node']);
    assert.equal(config.Labels['org.opencontainers.image.licenses'], 'MIT');
    assert.equal(config.Labels['org.opencontainers.image.source'], 'https://example.com/repository');
    assert.deepEqual(config.Env.toSorted(), ['HOME=/tmp', 'NODE_ENV=production', 'PATH=/usr/local/bin']);
  });

  it('contains the packages that the service needs, and none for development', async () => {
    const layers = await readLayers(IMAGE, directory);
    const paths = layers.flatMap(({ entries }) => entries.map(({ path }) => path));
    const installed = new Set(
      paths.flatMap((path) => path.match(/^app\/(node_modules\/.*\/package\.json)$/)?.[1] ?? []),
    );
    const lock = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8'));
    for (const [path, { dev, optional, devOptional }] of Object.entries<Record<string, boolean>>(
      lock.packages,
    ))
      if (path !== '')
        assert.equal(
          installed.has(`${path}/package.json`),
          !dev && !optional && !devOptional,
          `${path} is ${dev || optional || devOptional ? '' : 'not '}there`,
        );
    const others = paths.filter((path) =>
      /^app\/(?!docker\/health|migrations\/|node_modules\/|src\/|package)./.test(path),
    );
    assert.deepEqual(
      others.filter((path) => !path.endsWith('/')),
      [],
    );
    assert.deepEqual(
      paths.filter((path) => /(^|\/)(sh|bash|dash|apt|npm)$/.test(path)),
      [],
    );
  });

  it('contains no secret of the directory or the build, in no layer and not in its history', async () => {
    for (const { file } of await readLayers(IMAGE, directory)) {
      const { stdout } = await run('sh', [
        '-c',
        `tar -xOf "$1" | grep -caF "$2" || true`,
        'sh',
        file,
        planted,
      ]);
      assert.equal(stdout.trim(), '0', file);
    }
    const told = await docker(['history', '--no-trunc', '--format={{json .}}', IMAGE]);
    assert.ok(!`${told}${await docker(['image', 'inspect', IMAGE])}`.includes(planted));
  });

  it('belongs to root, and its user may write to no file', async () => {
    const entries = (await readLayers(IMAGE, directory)).flatMap((layer) => layer.entries);
    const writable = entries.filter(
      ({ owner, mode, path }) => owner !== '0/0' || (/^[-d].{7}w/.test(mode) && path !== 'tmp/'),
    );
    assert.deepEqual(writable, []);
  });

  it('does not start without its settings: exit code 78', async () => {
    const error = await docker(['run', '--rm', ...CONFINED, IMAGE]).catch((cause) => cause);
    assert.equal(error.code, 78);
    assert.match(error.stderr, /SECRET_PROVIDER: is not set/);
  });
});

for (const provider of BACKENDS.filter((name) => name !== 'file'))
  describe(`the image on ${provider}`, () => {
    let sandbox: Sandbox;
    before(async () => {
      sandbox = await startSandbox({ provider });
    });
    after(() => sandbox?.close());

    it('becomes healthy, serves, logs no secret, and ends with code 0 on SIGTERM', async () => {
      const port = await freePort();
      // Engines before version 25 run the first check after one interval.
      const options = ['--detach', `--name=${NAME}`, '--health-interval=1s', ...parameters(sandbox, port)];
      await docker(['run', ...options, IMAGE], { env: environment(sandbox, port) });
      try {
        await until(async () => (await inspect('{{.State.Health.Status}}')) === 'healthy');
        const token = await logIn(port, sandbox);
        const answer = await fetch(`http://127.0.0.1:${port}/db-test`, {
          method: 'POST',
          headers: { Authorization: `Bearer ${token}` },
        });
        assert.match(await answer.text(), /"connected":true/);
        await docker(['stop', '--time=20', NAME]);
        assert.equal(await inspect('{{.State.ExitCode}}'), '0');
        const { stdout, stderr } = await run('docker', ['logs', NAME]);
        for (const value of sandbox.plantedValues()) assert.ok(!`${stdout}${stderr}`.includes(value));
      } finally {
        await docker(['rm', '--force', NAME]);
      }
    });

    it('migrates and rotates with another command', async () => {
      const env = { ...environment(sandbox, 0), ...sandbox.writer };
      const command = (settings: Record<string, string>, ...words: string[]) =>
        docker(['run', '--rm', ...parameters(sandbox, 0, settings), IMAGE, ...words], {
          env: { ...env, ...settings },
        });
      const owner = { DATABASE_SECRET_NAME: sandbox.nameOf('database-owner') };
      assert.match(await command(owner, 'src/cli/migrate.ts'), /up to date/);
      assert.match(await command({}, 'src/cli/secrets.ts', 'rotate', 'jwt', '--force'), /Done:/);
    });
  });

const environment = (sandbox: Sandbox, port: number): Record<string, string> => ({
  ...sandbox.environment,
  HOST: '127.0.0.1',
  PORT: String(port),
});

/** Values are passed in the environment of the command line, so that no list of processes shows them. */
const parameters = (sandbox: Sandbox, port: number, settings: Record<string, string> = {}) => [
  ...['--network=host', ...CONFINED],
  ...Object.keys({ ...environment(sandbox, port), ...sandbox.writer, ...settings }).map(
    (name) => `--env=${name}`,
  ),
  ...Object.values(sandbox.environment).flatMap(mountIfFile),
];

/** The user of the image may not read the sandbox's files. Each copy is readable for all, in a directory that is not. */
function mountIfFile(path: string): string[] {
  if (!isAbsolute(path)) return [];
  const copy = join(directory, randomBytes(8).toString('hex'));
  copyFileSync(path, copy);
  chmodSync(copy, 0o644);
  return [`--volume=${copy}:${path}:ro`];
}

const inspect = (format: string) => docker(['inspect', `--format=${format}`, NAME]);

async function until(condition: () => Promise<boolean>) {
  const deadline = performance.now() + 60_000;
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, 'not within a minute');
    await delay(200);
  }
}

async function logIn(port: number, { user }: Sandbox): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/auth/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(user),
  });
  return ((await response.json()) as { token: string }).token;
}
