/** The Vault module, applied to OpenBao or Vault. Both enforce the policies that it makes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createVault } from '../../src/secrets/providers/vault/provider.ts';
import { startApplication } from '../support/application.ts';
import { createImplementations, Unavailable } from '../support/implementations.ts';
import { assertKeepsNothing, plantedValue, rotate, startWith } from './at-work.ts';
import { openTerraform, whereAvailable } from './terraform.ts';

const EXAMPLE = 'hashicorp-vault/examples/approle';

describe('the Vault module', { timeout: 600_000 }, () => {
  it('grants each identity the access that it needs, and no more', (context) =>
    whereAvailable(context, async () => {
      await using cleanUp = new AsyncDisposableStack();
      const { application, vault, terraform } = await start(cleanUp);
      const { values, roles, openai, directory } = application;
      const planted = plantedValue();
      const given = {
        admin_secrets: true,
        audit_files: { first: `${directory}/audit-1.log`, second: `${directory}/audit-2.log` },
        value_versions: {
          'external-api-keys': 1,
          'database-administrator': 1,
          'database-owner': 1,
          'openai-administrator': 1,
        },
      };
      await terraform.give({
        ...given,
        values: {
          'external-api-keys': JSON.stringify({ stripe: planted }),
          'database-administrator': JSON.stringify(roles.administrator),
          'database-owner': JSON.stringify(roles.owner),
          'openai-administrator': JSON.stringify(openai.administrator),
        },
      });
      const plan = await terraform.plan();
      await terraform.apply();
      await assertKeepsNothing(terraform, plan, [
        planted,
        roles.administrator.password,
        openai.administrator.admin_key,
      ]);
      for (const [id, value] of Object.entries(values)) await vault.putFirst(`myapp/${id}`, value);

      const [reader, writer] = [await vault.logInAs('service'), await vault.logInAs('rotation')];
      const migration = await vault.logInAs('migration');
      await assertReads(migration, ['database-owner']);
      await assertRefuses(migration, ['database', 'database-administrator'], 'read');
      await assertRefuses(migration, ['database-owner'], 'write');
      await assertReads(reader, ['database', 'jwt', 'openai', 'external-api-keys']);
      await assertReads(writer, [
        'database',
        'jwt',
        'openai',
        'database-administrator',
        'openai-administrator',
      ]);
      await assertRefuses(
        reader,
        ['database-administrator', 'database-owner', 'openai-administrator', 'other'],
        'read',
      );
      await assertRefuses(reader, ['database', 'jwt', 'openai', 'external-api-keys'], 'write');
      await assertRefuses(writer, ['external-api-keys', 'other'], 'read');
      await assertRefuses(writer, ['database-administrator', 'external-api-keys'], 'write');

      const admin = await vault.logInAs('admin');
      await assertRefuses(admin, ['database', 'external-api-keys'], 'read');
      await assertRefuses(admin, ['database-administrator', 'database-owner'], 'write');
      const { write } = await admin.provider();
      assert.equal(await write?.('myapp/external-api-keys', '{"stripe":"x"}', { expected: '1' }), '2');

      const service = await startWith(application, reader.environment, cleanUp);
      assert.equal(await service.databaseUser(), 'myapp_a');
      // Two rotations of each: the first version is then neither current nor previous.
      for (const user of ['myapp_b', 'myapp_a']) {
        await rotate(application, writer.environment, 'database');
        assert.equal(await service.databaseUser(), user);
        await rotate(application, writer.environment, 'openai');
        assert.equal(await service.chat(), 'You said: hello');
        await rotate(application, writer.environment, 'jwt', '--force');
      }

      // A later apply has the counters and no values.
      await terraform.give(given);
      assert.deepEqual(await terraform.drift(), []);
      await terraform.apply();
      assert.equal(await service.databaseUser(), 'myapp_a');
      await service.stop();
      await assert.rejects(terraform.destroy(), /lifecycle\.prevent_destroy/);
      assert.deepEqual(await vault.get('myapp/database-owner'), roles.owner);
    }));

  it('makes a login for each process, without a superuser', (context) =>
    whereAvailable(context, async () => {
      await using cleanUp = new AsyncDisposableStack();
      const { application, vault, terraform } = await start(cleanUp);
      const { values, roles, superuser, openai } = application;
      const { username, password, ...location } = roles.administrator;
      const given = {
        database: {
          host: location.host,
          port: location.port,
          name: location.dbname,
          username,
          // The PostgreSQL of the tests listens on loopback, without a certificate.
          sslmode: 'disable',
        },
        value_versions: { database: 1, 'openai-administrator': 1 },
      };
      await terraform.give({
        ...given,
        database_password: password,
        values: {
          database: JSON.stringify(location),
          'openai-administrator': JSON.stringify(openai.administrator),
        },
      });
      const plan = await terraform.plan();
      await terraform.apply();
      await assertKeepsNothing(terraform, plan, [password, openai.administrator.admin_key]);
      for (const id of ['jwt', 'openai'] as const) await vault.putFirst(`myapp/${id}`, values[id]);

      const logins = async () => {
        const { rows } = await superuser.query<{ ends: Date | null; groups: string[] }>(
          `SELECT rolvaliduntil AS ends, ARRAY(SELECT roleid::regrole::text FROM pg_auth_members WHERE member = pg_roles.oid) AS groups
           FROM pg_roles WHERE rolname LIKE 'v-approle-%'`,
        );
        return rows;
      };
      const [reader, writer] = [await vault.logInAs('service'), await vault.logInAs('rotation')];
      const service = await startWith(application, reader.environment, cleanUp);
      assert.match(await service.databaseUser(), /^v-approle-myapp-/);
      const [login, ...others] = await logins();
      assert.equal(others.length, 0);
      assert.ok(login?.ends instanceof Date);
      assert.deepEqual(login.groups, ['myapp_app']);

      // The rotation takes its lock with a login of its own and revokes that login at its end.
      await rotate(application, writer.environment, 'jwt', '--force');
      await rotate(application, writer.environment, 'openai');
      assert.equal(await service.chat(), 'You said: hello');
      assert.equal((await logins()).length, 1);

      await service.stop();
      assert.deepEqual(await logins(), []);
      await terraform.give(given);
      assert.deepEqual(await terraform.drift(), []);
    }));

  it('overwrites nothing: a raised counter must follow the version in Vault and come with a value', (context) =>
    whereAvailable(context, async () => {
      await using cleanUp = new AsyncDisposableStack();
      const { vault, terraform } = await start(cleanUp);
      const name = 'external-api-keys';
      const value = JSON.stringify({ stripe: 'by Terraform' });
      await terraform.give({ value_versions: { [name]: 1 }, values: { [name]: value } });
      await terraform.apply();
      await assert.rejects(vault.put(`myapp/${name}`, { stripe: 'unaware' }, 0), /check-and-set/);
      await vault.put(`myapp/${name}`, { stripe: 'by hand' }, 1);

      await terraform.give({ value_versions: { [name]: 2 }, values: { [name]: value } });
      assert.deepEqual(await terraform.drift(), [
        `module.secrets.vault_kv_secret_v2.this["${name}"]: update`,
      ]);
      await assert.rejects(terraform.apply(), /check-and-set parameter did not match/);
      await terraform.give({ value_versions: { [name]: 3 } });
      await assert.rejects(terraform.apply(), /syntax error/);
      assert.deepEqual(await vault.get(`myapp/${name}`), { stripe: 'by hand' });
    }));

  it('keeps a value whose counter is missing from a later apply', (context) =>
    whereAvailable(context, async () => {
      await using cleanUp = new AsyncDisposableStack();
      const { vault, terraform, application } = await start(cleanUp);
      const { owner } = application.roles;
      const given = { value_versions: { 'database-owner': 1 } };
      await terraform.give({ ...given, values: { 'database-owner': JSON.stringify(owner) } });
      await terraform.apply();

      await terraform.give({});
      await assert.rejects(
        terraform.apply(),
        /vault_kv_secret_v2\.this\["database-owner"\] has\s+lifecycle\.prevent_destroy/,
      );
      assert.deepEqual(await vault.versions('myapp/database-owner'), [1]);

      await terraform.give(given);
      assert.deepEqual(await terraform.drift(), []);
      await terraform.apply();
      assert.deepEqual(await vault.get('myapp/database-owner'), owner);
      assert.deepEqual(await vault.versions('myapp/database-owner'), [1]);
    }));

  it('works in a namespace, with an auth mount that exists', (context) =>
    whereAvailable(context, async () => {
      await using cleanUp = new AsyncDisposableStack();
      const { vault, terraform, application } = await start(cleanUp, { namespace: 'team' });
      await vault.enable('machines', 'approle');
      await terraform.give({ vault_namespace: 'team', approle: { mount: 'machines', existing: true } });
      await terraform.apply();
      assert.deepEqual(await terraform.drift(), []);
      for (const [id, value] of Object.entries(application.values))
        await vault.putFirst(`myapp/${id}`, value);
      const reader = await vault.logInAs('service');
      assert.equal(reader.environment.VAULT_NAMESPACE, 'team');
      const service = await startWith(application, reader.environment, cleanUp);
      assert.equal(await service.databaseUser(), 'myapp_a');
      await service.stop();
    }));
});

/** @param namespace of everything, made first. Default: the root. */
async function start(cleanUp: AsyncDisposableStack, { namespace = '' } = {}) {
  const application = await startApplication(cleanUp);
  const { url, token } = await createImplementations(application).startVault();
  const environment = { VAULT_ADDR: url, VAULT_TOKEN: token };
  const terraform = await openTerraform({ root: EXAMPLE, environment, cleanUp });

  const call = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${url}/v1/${path}`, {
      method,
      headers: { 'X-Vault-Token': token, ...(namespace && { 'X-Vault-Namespace': namespace }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const answer = JSON.parse((await response.text()) || '{}');
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
    return answer;
  };
  if (namespace) await makeNamespace({ url, token, namespace });
  // The development server has an engine at the mount of the module.
  else await call('DELETE', 'sys/mounts/secret');

  const put = (name: string, data: object, cas: number) =>
    call('POST', `secret/data/${name}`, { data, options: { cas } });

  const vault = {
    put,
    putFirst: (name: string, data: object) => put(name, data, 0),
    get: async (name: string) => (await call('GET', `secret/data/${name}`)).data.data as object,
    versions: async (name: string) =>
      Object.keys((await call('GET', `secret/metadata/${name}`)).data.versions).map(Number),
    enable: (mount: string, type: string) => call('POST', `sys/auth/${mount}`, { type }),

    /** The environment of a process with the identity `service`, `rotation` or `migration`, and its provider. */
    async logInAs(identity: string) {
      const settings = await terraform.output<Record<string, string>>('environment');
      const { [identity]: role = '' } = await terraform.output<Record<string, string>>('roles');
      const { [identity]: roleId = '' } = await terraform.output<Record<string, string>>('role_ids');
      const mount = settings.VAULT_AUTH_MOUNT ?? 'approle';
      const { data } = await call('POST', `auth/${mount}/role/${role}/secret-id`, {});
      const secretId: string = data.secret_id;
      const environment: Record<string, string> = {
        ...settings,
        VAULT_ADDR: url,
        VAULT_ROLE_ID: roleId,
        VAULT_SECRET_ID: secretId,
      };
      return {
        environment,
        async provider() {
          const provider = createVault({
            address: url,
            namespace,
            auth: { method: 'approle', roleId, secretId, mount },
          });
          cleanUp.defer(async () => provider.close?.());
          return provider;
        },
      };
    },
  };
  return { application, vault, terraform };
}

async function makeNamespace({ url, token, namespace }: { url: string; token: string; namespace: string }) {
  const response = await fetch(`${url}/v1/sys/namespaces/${namespace}`, {
    method: 'POST',
    headers: { 'X-Vault-Token': token },
    body: '{}',
  });
  if (!response.ok) throw new Unavailable(`this server has no namespaces: ${await response.text()}`);
}

type Identity = Awaited<ReturnType<Awaited<ReturnType<typeof start>>['vault']['logInAs']>>;

async function assertReads({ provider }: Identity, ids: string[]) {
  const { read, version } = await provider();
  for (const id of ids) {
    const secret = await read(`myapp/${id}`);
    assert.equal(await version?.(`myapp/${id}`), secret.version);
  }
}

async function assertRefuses({ provider }: Identity, ids: string[], what: 'read' | 'write') {
  const { read, write } = await provider();
  for (const id of ids)
    await assert.rejects(
      what === 'read' ? read(`myapp/${id}`) : (write?.(`myapp/${id}`, '{"n":"1"}') ?? read('')),
      {
        code: 'denied',
      },
    );
}
