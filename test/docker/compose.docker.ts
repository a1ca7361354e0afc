/** The Compose stack: what it opens to the machine, and rotations, restarts and new code under traffic. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../sandbox/http.ts';
import { docker, ROOT, run } from './docker.ts';
import { startTraffic, type Traffic } from './traffic.ts';

const project = `compose-test-${randomBytes(4).toString('hex')}`;
/** A clone of the repository, to change its code. */
const clone = await realpath(await mkdtemp(join(tmpdir(), 'clone-')));
const port = await freePort();
const azurePort = await freePort();
const compose = (...parameters: string[]) =>
  docker(['compose', '--project-name', project, ...parameters], {
    cwd: clone,
    env: { PORT: String(port), PORT_AZURE: String(azurePort) },
  });
const url = `http://127.0.0.1:${port}`;
/** As the administrator of the stack's Vault. */
const vault = (...parameters: string[]) => compose('exec', '-T', 'vault', 'vault', ...parameters);

let user: { email: string | undefined; password: string | undefined };
let token: string;
let traffic: Traffic;
/** Volumes of the engine, those without a name too. */
const volumesOf = async () => (await docker(['volume', 'ls', '--quiet'])).split('\n').filter(Boolean);
let volumesBefore: string[];

const logIn = async (origin: string): Promise<string> => {
  const login = await fetch(`${origin}/auth/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(user),
  });
  assert.equal(login.status, 200);
  return ((await login.json()) as { token: string }).token;
};
const down = () => compose('--profile=*', 'down', '--volumes', '--rmi=local', '--timeout=5');

before(async () => {
  await cp(ROOT, clone, {
    recursive: true,
    filter: (path) => !/^(node_modules|\.git)$/.test(path.slice(ROOT.length)),
  });
  volumesBefore = await volumesOf();
  await compose('up', '--wait');
  const [email, password] = (await compose('run', '--rm', 'user')).split(' ');
  user = { email, password };
  token = await logIn(url);
  traffic = startTraffic({ url, token });
});
after(async () => {
  await traffic?.stop();
  await down();
  await rm(clone, { recursive: true });
});

const post = async (path: string, body?: object) => {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  assert.equal(response.status, 200);
  return response.json() as Promise<Record<string, string>>;
};

describe('compose.yaml', () => {
  it('confines every part and opens one port, on this machine only', async () => {
    const { services } = JSON.parse(await compose('--profile=*', 'config', '--format=json'));
    for (const [name, service] of Object.entries<Record<string, never>>(services)) {
      for (const { host_ip } of service.ports ?? []) assert.equal(host_ip, '127.0.0.1', name);
      if (name === 'prepare') continue;
      assert.equal(service.read_only, true, name);
      assert.deepEqual(service.cap_drop, ['ALL'], name);
    }
    assert.equal(await compose('port', 'app', '3000'), `127.0.0.1:${port}`);
  });

  it('shares nothing between two clones, and asks no registry for the image of the service', async () => {
    const config = async (...parameters: string[]) =>
      JSON.parse(
        await docker(['compose', ...parameters, '--profile=*', 'config', '--format=json'], { cwd: clone }),
      );
    assert.equal((await config()).name, basename(clone).toLowerCase());
    const { services, volumes, networks } = await config('--project-name=other');
    for (const { name } of Object.values<{ name: string }>({ ...volumes, ...networks }))
      assert.match(name, /^other_/);
    for (const [name, { image = 'other-app', pull_policy }] of Object.entries<Record<string, string>>(
      services,
    ))
      if (!/^(postgres|hashicorp|motoserver)\b/.test(image)) {
        assert.equal(image, 'other-app', name);
        assert.match(pull_policy ?? '', name === 'app' ? /^build$/ : /^never$/, name);
      }
  });

  it('starts a process for a health check twice a minute at most', async () => {
    const { services } = JSON.parse(await compose('--profile=*', 'config', '--format=json'));
    for (const [name, { healthcheck }] of Object.entries<{ healthcheck?: { interval: string } }>(services))
      if (healthcheck) assert.equal(healthcheck.interval, '30s', name);
  });
});

describe('the stack', () => {
  it('gives the service a login of its own, made by Vault, over TLS', async () => {
    const { user } = await post('/db-test');
    assert.match(user ?? '', /^v-approle-myapp-/);
    const unencrypted = `SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
      WHERE client_addr IS NOT NULL AND NOT ssl AND client_addr <> '127.0.0.1'`;
    assert.equal(await compose('exec', '-T', 'postgres', 'psql', '-U', 'postgres', '-Atc', unencrypted), '0');
    assert.equal((await post('/ai/chat', { message: 'hello' })).reply, 'You said: hello');
  });

  it('allows the service to read its own secrets and no other', async () => {
    const token = await vault('token', 'create', '-policy=app', '-ttl=1m', '-field=token');
    const capabilities = async (path: string) => vault('token', 'capabilities', token, path);
    assert.equal(await capabilities('secret/data/myapp/jwt'), 'read');
    for (const path of ['secret/data/myapp/database-owner', 'sys/mounts', 'secret/data/other'])
      assert.equal(await capabilities(path), 'deny');
  });

  it('keeps its secrets when it is brought up again, and no request is lost', async () => {
    const key = await vault('kv', 'get', '-field=secret_key', 'secret/myapp/jwt');
    const lost = await traffic.lostWhile(() => compose('up', '--wait'));
    assert.deepEqual(lost, []);
    assert.equal(await vault('kv', 'get', '-field=secret_key', 'secret/myapp/jwt'), key);
    assert.match(await compose('logs', 'seed'), /Everything is there\..*Everything is there\./s);
  });

  it('rotates with one command, and no request is lost', async () => {
    const lost = await traffic.lostWhile(async () => {
      assert.match(await compose('run', '--rm', 'secrets', 'rotate', 'jwt', '--force'), /Done:/);
      assert.match(await compose('run', '--rm', 'secrets', 'rotate', 'openai'), /Done:/);
    });
    assert.deepEqual(lost, []);
  });

  it('gets another login when an administrator revokes every one, and no request is lost', async () => {
    const { user } = await post('/db-test');
    const lost = await traffic.lostWhile(async () => {
      await vault('lease', 'revoke', '-prefix', 'database/creds/myapp');
      await untilWell();
    });
    assert.deepEqual(lost, []);
    assert.notEqual((await post('/db-test')).user, user);
  });

  it('loses no request during a restart of Vault', async () => {
    const lost = await traffic.lostWhile(() => compose('restart', 'vault').then(untilHealthy('vault')));
    assert.deepEqual(lost, []);
    await vault('lease', 'revoke', '-prefix', 'database/creds/myapp');
    await untilWell();
  });

  for (const part of ['postgres', 'openai', 'app'])
    it(`heals after a restart of ${part}`, async () => {
      await compose('restart', part);
      await untilHealthy(part)();
      await untilWell();
    });

  it('runs the service on a stand-in of Azure Key Vault, which keeps secrets and tokens over a restart', async () => {
    const azure = (...parameters: string[]) => compose('--profile=azure', ...parameters);
    const origin = `http://127.0.0.1:${azurePort}`;
    const reachesDatabase = async (bearer: string) => {
      const response = await fetch(`${origin}/db-test`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${bearer}` },
      });
      assert.equal(response.status, 200);
    };
    await azure('up', '--wait');
    const calls = async () => {
      const metrics = await (await fetch(`${origin}/metrics`)).text();
      const counts = metrics.matchAll(/^secret_backend_calls_total\{.*outcome="ok".*\} (\d+)$/gm);
      return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
    };
    const earlier = await logIn(origin);
    await azure('restart', 'key-vault');
    await untilHealthy('key-vault')();
    const before = await calls();
    // With the token from before the restart.
    await eventually(async () => assert.ok((await calls()) > before, 'no secret was read'));
    await reachesDatabase(earlier);
    // A new process reads every secret.
    await azure('restart', 'app-azure');
    await untilHealthy('app-azure')();
    await reachesDatabase(await logIn(origin));
  });

  it('runs the code of the clone after each `up`', async () => {
    const file = join(clone, 'src/routes/docs.ts');
    const source = await readFile(file, 'utf8');
    const changed = source.replace('title: packageJson.name', "title: 'changed'");
    assert.notEqual(changed, source);
    await writeFile(file, changed);
    await compose('up', '--wait');
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as { info: { title: string } };
    assert.equal(document.info.title, 'changed');
  });

  it('shows no secret in its logs, nor in the description of its containers', async () => {
    const files = [
      'administrator/.vault-token',
      'administrator/keys',
      'app-identity/secret-id',
      'superuser/password',
    ];
    const volumes = files.map((file) => file.split('/')[0] ?? '');
    const mounts = [...new Set(volumes)].map((name) => `--volume=${project}_${name}:/${name}:ro`);
    const values = await docker([
      ...['run', '--rm', '--user=0:0', ...mounts, `${project}-app`, '-p'],
      `[${files.map((file) => `require('fs').readFileSync('/${file}', 'utf8')`)}].join(' ')`,
    ]);
    const secrets = values.split(/\s+/).filter((word) => word.length > 20);
    assert.ok(secrets.length >= files.length, 'the secrets were not found');
    const { stdout, stderr } = await run(
      'docker',
      ['compose', '--project-name', project, 'logs', '--no-color'],
      { cwd: clone, maxBuffer: 64 * 1024 * 1024, env: { ...process.env, PORT: String(port) } },
    );
    const containers = (await compose('ps', '--all', '--quiet')).split('\n');
    const shown = `${stdout}${stderr}${await docker(['inspect', ...containers])}`;
    for (const secret of secrets) assert.ok(!shown.includes(secret));
  });

  it('leaves nothing after `docker compose down --volumes`', async () => {
    await traffic.stop();
    await down();
    const filter = `--filter=label=com.docker.compose.project=${project}`;
    assert.equal(await docker(['ps', '--all', '--quiet', filter]), '');
    assert.equal(await docker(['network', 'ls', '--quiet', filter]), '');
    assert.equal(await docker(['image', 'ls', '--quiet', `${project}-app`]), '');
    assert.deepEqual(await volumesOf(), volumesBefore);
  });
});

const untilHealthy = (part: string) => () =>
  eventually(async () => assert.match(await compose('ps', part, '--format={{.Health}}'), /^healthy$/));

/** Waits until the database and the model answer. */
const untilWell = () =>
  eventually(async () => {
    await post('/db-test');
    await post('/ai/chat', { message: 'hello' });
  });

async function eventually(check: () => Promise<unknown>) {
  for (const deadline = performance.now() + 120_000; ; await delay(500))
    try {
      await check();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
}
