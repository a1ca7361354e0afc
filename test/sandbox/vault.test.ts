import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import nodeVault from 'node-vault';
import pg from 'pg';
import { prepareDatabase } from '../../sandbox/database-roles.ts';
import { type Postgres, startPostgres } from '../../sandbox/postgres.ts';
import { startVault } from '../../sandbox/vault.ts';
import { type Clock, systemClock } from '../../src/clock.ts';

type Vault = Awaited<ReturnType<typeof startVault>>;

describe('Vault stand-in: node-vault as it comes', () => {
  let vault: Vault;
  let root: nodeVault.client;
  before(async () => {
    vault = await startVault({ mayRead: (name) => name.startsWith('myapp/') });
    root = nodeVault({ endpoint: vault.url, token: vault.rootToken, noCustomHTTPVerbs: true });
  });
  after(() => vault.close());

  it('writes, lists, deletes, restores and destroys versions', async () => {
    const path = 'secret/data/myapp/database';
    await root.write(path, { data: { n: 1 }, options: { cas: 0 } });
    await assert.rejects(root.write(path, { data: { n: 2 }, options: { cas: 0 } }), hasStatus(400));
    await root.write(path, { data: { n: 2 } });
    assert.deepEqual((await root.read(path)).data.data, { n: 2 });
    assert.deepEqual((await root.read(`${path}?version=1`)).data.data, { n: 1 });
    assert.deepEqual((await root.list('secret/metadata/')).data.keys, ['myapp/']);
    assert.deepEqual((await root.list('secret/metadata/myapp')).data.keys, ['database']);

    await root.delete(path);
    const { response } = await rejection(root.read(path));
    assert.equal(response.statusCode, 404);
    assert.equal(response.body.data.data, null);
    assert.ok(response.body.data.metadata.deletion_time);
    await root.write('secret/undelete/myapp/database', { versions: [2] });
    assert.deepEqual((await root.read(path)).data.data, { n: 2 });

    await root.write('secret/destroy/myapp/database', { versions: [1] });
    const { data } = await root.read('secret/metadata/myapp/database');
    assert.equal(data.versions[1].destroyed, true);
    assert.equal(data.current_version, 2);
    await root.delete('secret/metadata/myapp/database');
    await assert.rejects(root.read('secret/metadata/myapp/database'), hasStatus(404));
  });

  it('grants the application what its policy allows, and no more', async () => {
    await vault.put('myapp/jwt', '{"n":1}');
    await vault.put('other/jwt', '{"n":1}');
    const app = nodeVault({ endpoint: vault.url, token: 'none' });
    const { VAULT_ROLE_ID: role_id, VAULT_SECRET_ID: secret_id } = vault.environment;
    await app.approleLogin({ role_id, secret_id });
    assert.deepEqual((await app.tokenLookupSelf()).data.policies, ['default', 'app']);
    await app.read('secret/data/myapp/jwt');
    await assert.rejects(app.read('secret/data/other/jwt'), hasStatus(403));
    await assert.rejects(app.read('secret/data/myapp%2F..%2F..%2Fother/jwt'), hasStatus(404));
    await assert.rejects(app.write('secret/data/myapp/jwt', { data: {} }), hasStatus(403));
    await assert.rejects(app.tokenCreate({ policies: ['root'] }), hasStatus(403));
    await app.tokenRevokeSelf();
    await assert.rejects(app.tokenLookupSelf(), hasStatus(403));
  });

  it('answers only health requests while it is sealed', async () => {
    await root.seal();
    assert.equal((await root.status()).sealed, true);
    assert.equal((await root.health()).sealed, true);
    await assert.rejects(root.read('secret/data/myapp/jwt'), hasStatus(503));
    await root.unseal({ key: vault.unsealKey });
    assert.equal((await root.status()).sealed, false);
  });
});

describe('Vault stand-in: the database engine', () => {
  let directory: string;
  let postgres: Postgres;
  let administrator: pg.Client;
  let vault: Vault;
  let app: nodeVault.client;

  /** The clock stands still until a test advances it; the real PostgreSQL does not. */
  let elapsed = 0;
  const alarms = new Set<() => void>();
  const clock: Clock = {
    ...systemClock,
    wall: () => Date.now() + elapsed,
    schedule(_milliseconds, task) {
      alarms.add(task);
      return () => void alarms.delete(task);
    },
  };

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'vault-database-'));
    postgres = await startPostgres({ directory });
    await prepareDatabase(postgres.connection);
    const connection = { ...postgres.connection, database: 'myapp' };
    administrator = new pg.Client(connection);
    await administrator.connect();
    const database = { connection, groupRole: 'myapp_app', defaultTtl: 60, maxTtl: 100 };
    vault = await startVault({ mayRead: () => false, database, clock });
    app = nodeVault({ endpoint: vault.url, token: vault.createToken() });
  });
  after(async () => {
    await vault?.close();
    await administrator?.end();
    await postgres?.stop();
    await rm(directory, { recursive: true });
  });

  const connect = async ({ username, password }: { username: string; password: string }) => {
    const { host, port } = postgres;
    const client = new pg.Client({ host, port, database: 'myapp', user: username, password });
    client.on('error', () => {});
    await client.connect();
    return client;
  };

  const validUntil = async (username: string): Promise<number | undefined> => {
    const { rows } = await administrator.query('SELECT rolvaliduntil FROM pg_roles WHERE rolname = $1', [
      username,
    ]);
    return rows[0]?.rolvaliduntil.getTime();
  };

  it('leases a login that works until it is revoked', async () => {
    const lease = await app.read('database/creds/myapp');
    assert.match(lease.lease_id, /^database\/creds\/myapp\/\w+$/);
    assert.equal(lease.lease_duration, 60);
    assert.equal(lease.renewable, true);
    assert.match(lease.data.username, /^v-token-myapp-/);
    const client = await connect(lease.data);
    const ended = new Promise((resolve) => client.once('end', resolve));
    const { rows } = await client.query("SELECT pg_has_role('myapp_app', 'USAGE') AS member");
    assert.equal(rows[0].member, true);

    await app.write('sys/leases/revoke', { lease_id: lease.lease_id });
    await ended;
    assert.equal(await validUntil(lease.data.username), undefined);
    await assert.rejects(connect(lease.data), { code: '28P01' });
    await assert.rejects(app.write('sys/leases/lookup', { lease_id: lease.lease_id }), hasStatus(400));
    await assert.rejects(app.write('sys/leases/renew', { lease_id: lease.lease_id }), hasStatus(400));
  });

  it('renews up to the max TTL, in PostgreSQL too', async () => {
    const { lease_id, data } = await app.read('database/creds/myapp');
    const before = await validUntil(data.username);
    elapsed += 30_000;
    assert.equal((await app.write('sys/leases/renew', { lease_id })).lease_duration, 60);
    const after = await validUntil(data.username);
    assert.ok(before && after && after - before >= 30_000);
    elapsed += 30_000;
    assert.ok((await app.write('sys/leases/renew', { lease_id })).lease_duration <= 40);
  });

  it('drops the role when the lease expires, and when its token ends', async () => {
    const expiring = await app.read('database/creds/myapp');
    elapsed += 61_000;
    for (const alarm of [...alarms]) alarm();
    await gone(expiring);

    const other = nodeVault({ endpoint: vault.url, token: vault.createToken() });
    const orphaned = await other.read('database/creds/myapp');
    await other.tokenRevokeSelf();
    await gone(orphaned);
  });

  const gone = async ({ data }: { data: { username: string } }) => {
    const deadline = Date.now() + 60_000;
    while ((await validUntil(data.username)) !== undefined) {
      assert.ok(Date.now() < deadline, `${data.username} is still there`);
      await delay(10);
    }
  };
});

const rejection = (promise: Promise<unknown>) =>
  promise.then(
    () => assert.fail('expected a failure'),
    (error) => error,
  );

const hasStatus = (status: number) => (error: { response?: { statusCode: number } }) =>
  error.response?.statusCode === status;
