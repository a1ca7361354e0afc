/** The Compose stack: what it opens to the machine, a rotation and a restart of each part under traffic. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../sandbox/http.ts';
import { docker, run } from './docker.ts';
import { startTraffic, type Traffic } from './traffic.ts';

const project = `compose-test-${randomBytes(4).toString('hex')}`;
const port = await freePort();
const azurePort = await freePort();
const compose = (...parameters: string[]) =>
  docker(['compose', '--project-name', project, ...parameters], {
    env: { PORT: String(port), PORT_AZURE: String(azurePort) },
  });
const url = `http://127.0.0.1:${port}`;
/** As the administrator of the stack's Vault. */
const vault = (...parameters: string[]) => compose('exec', '-T', 'vault', 'vault', ...parameters);

let token: string;
let traffic: Traffic;

before(async () => {
  await compose('up', '--build', '--wait');
  const [email, password] = (await compose('run', '--rm', 'user')).split(' ');
  const login = await fetch(`${url}/auth/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });
  ({ token } = (await login.json()) as { token: string });
  traffic = startTraffic({ url, token });
});
after(async () => {
  await traffic?.stop();
  await compose('--profile=*', 'down', '--volumes', '--timeout=5');
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

  it('may be brought up again: what is there stays, and no request is lost', async () => {
    const key = await vault('kv', 'get', '-field=secret_key', 'secret/myapp/jwt');
    const lost = await traffic.lostWhile(() => compose('up', '--wait'));
    assert.deepEqual(lost, []);
    assert.equal(await vault('kv', 'get', '-field=secret_key', 'secret/myapp/jwt'), key);
    assert.match(await compose('logs', 'seed'), /Everything is there\..*Everything is there\./s);
  });

  it('rotates by one command, and no request is lost', async () => {
    const lost = await traffic.lostWhile(async () => {
      assert.match(await compose('run', '--rm', 'secrets', 'rotate', 'jwt', '--force'), /Done:/);
      assert.match(await compose('run', '--rm', 'secrets', 'rotate', 'openai'), /Done:/);
    });
    assert.deepEqual(lost, []);
  });

  it('gets another login when an administrator revokes all there are, and no request is lost', async () => {
    const { user } = await post('/db-test');
    const lost = await traffic.lostWhile(async () => {
      await vault('lease', 'revoke', '-prefix', 'database/creds/myapp');
      await untilWell();
    });
    assert.deepEqual(lost, []);
    assert.notEqual((await post('/db-test')).user, user);
  });

  it('bears a restart of Vault without losing a request', async () => {
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

  it('also runs the service on an emulator of Azure Key Vault, and seeds it again after a restart', async () => {
    const azure = (...parameters: string[]) => compose('--profile=azure', ...parameters);
    const ready = async () => assert.equal((await fetch(`http://127.0.0.1:${azurePort}/ready`)).status, 200);
    await azure('up', '--wait');
    await ready();
    assert.match(await azure('logs', 'seed-azure'), /Wrote myapp-jwt\./);
    await azure('restart', 'key-vault');
    await eventually(async () =>
      assert.match(await azure('logs', 'seed-azure'), /Wrote myapp-jwt\..*Wrote myapp-jwt\./s),
    );
    await eventually(ready);
  });

  it('shows no secret in its logs or in the description of its containers', async () => {
    const files = [
      'administrator/.vault-token',
      'administrator/keys',
      'app-identity/secret-id',
      'superuser/password',
    ];
    const volumes = files.map((file) => file.split('/')[0] ?? '');
    const mounts = [...new Set(volumes)].map((name) => `--volume=${project}_${name}:/${name}:ro`);
    const values = await docker([
      ...['run', '--rm', '--user=0:0', ...mounts, 'express-secrets-template', '-p'],
      `[${files.map((file) => `require('fs').readFileSync('/${file}', 'utf8')`)}].join(' ')`,
    ]);
    const secrets = values.split(/\s+/).filter((word) => word.length > 20);
    assert.ok(secrets.length >= files.length, 'the secrets were not found');
    const { stdout, stderr } = await run(
      'docker',
      ['compose', '--project-name', project, 'logs', '--no-color'],
      { maxBuffer: 64 * 1024 * 1024, env: { ...process.env, PORT: String(port) } },
    );
    const containers = (await compose('ps', '--all', '--quiet')).split('\n');
    const told = `${stdout}${stderr}${await docker(['inspect', ...containers])}`;
    for (const secret of secrets) assert.ok(!told.includes(secret));
  });
});

const untilHealthy = (part: string) => () =>
  eventually(async () => assert.match(await compose('ps', part, '--format={{.Health}}'), /^healthy$/));

/** Both what the database and what the model answer. */
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
