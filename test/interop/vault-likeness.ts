/**
 * Sends the same requests to the stand-in and to a real server, over one real PostgreSQL. Both must return the same
 * status, and every field of the stand-in's answer must be in the real one, with the same type.
 */
import assert from 'node:assert/strict';
import { mkdtemp, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Client, type ClientConfig } from 'pg';
import { prepareDatabase } from '../../sandbox/database-roles.ts';
import { startPostgres } from '../../sandbox/postgres.ts';
import { startReaper } from '../../sandbox/reaper.ts';
import { startVault } from '../../sandbox/vault.ts';
import type { createVaultAdministrator } from './vault-administrator.ts';

type Administrator = Awaited<ReturnType<typeof createVaultAdministrator>>;

interface Answer {
  status: number;
  body: {
    lease_id?: string;
    lease_duration?: number;
    data?: { username?: string; password?: string };
    auth?: { client_token?: string };
  };
}
/** Fields of Vault and of the stand-in that OpenBao does not have. */
const VAULT_ONLY = new Set(['.performance_standby', '.build_date']);

type Ask = (method: string, path: string, body?: object) => Promise<Answer>;

export function describeLikeness({
  address,
  administrator,
}: {
  address: string;
  administrator: Administrator;
}) {
  describe('the stand-in answers as Vault does, interop', () => {
    const { prefix, appRole } = administrator;
    const cleanUp = new AsyncDisposableStack();
    const both: Record<'real' | 'standIn', Ask> = { real: unset, standIn: unset };
    let database: ClientConfig;

    before(async () => {
      const reaper = startReaper();
      cleanUp.defer(reaper.close);
      const directory = await realpath(await mkdtemp(join(tmpdir(), 'express-secrets-interop-')));
      reaper.remove(directory);
      const postgres = await startPostgres({ directory, reaper });
      cleanUp.defer(postgres.stop);
      const { app } = await prepareDatabase(postgres.connection);
      database = { ...postgres.connection, database: app.dbname };
      const role = { groupRole: 'myapp_app', defaultTtl: 60, maxTtl: 90 };

      await administrator.createDatabaseRole({
        connection: postgres.connection,
        database: app.dbname,
        ...role,
      });
      cleanUp.defer(administrator.removeDatabaseRole);
      const standIn = await startVault({
        mayRead: (name) => name.startsWith(`${prefix}/`),
        database: { connection: database, ...role },
      });
      cleanUp.defer(standIn.close);
      for (const { put, remove } of [administrator, standIn]) {
        await put(`${prefix}/likeness`, '{"n":"1"}');
        await put(`${prefix}/likeness`, '{"n":"2"}');
        await put(`${prefix}/removed`, '{"n":"1"}');
        await remove(`${prefix}/removed`);
        await put(`${prefix}-other/secret`, '{"n":"1"}');
      }

      const { VAULT_ROLE_ID: role_id, VAULT_SECRET_ID: secret_id } = standIn.environment;
      logins.real = { role_id: appRole.roleId, secret_id: appRole.secretId };
      logins.standIn = { role_id, secret_id };
      both.real = await logIn(address, logins.real);
      both.standIn = await logIn(standIn.url, logins.standIn);
    });
    after(() => cleanUp.disposeAsync());

    const logins: Record<string, object> = {};

    const REQUESTS: [title: string, method: string, path: string, body?: object][] = [
      ['a value', 'GET', `secret/data/${prefix}/likeness`],
      ['an older value', 'GET', `secret/data/${prefix}/likeness?version=1`],
      ['a version that is not there', 'GET', `secret/data/${prefix}/likeness?version=9`],
      ['metadata', 'GET', `secret/metadata/${prefix}/likeness`],
      ['a deleted value', 'GET', `secret/data/${prefix}/removed`],
      ['metadata of a deleted value', 'GET', `secret/metadata/${prefix}/removed`],
      ['a missing value', 'GET', `secret/data/${prefix}/missing`],
      ['metadata of a missing value', 'GET', `secret/metadata/${prefix}/missing`],
      ['a forbidden value', 'GET', `secret/data/${prefix}-other/secret`],
      ['metadata of a forbidden value', 'GET', `secret/metadata/${prefix}-other/secret`],
      ['a write without the right to', 'POST', `secret/data/${prefix}/likeness`, { data: {} }],
      ['a list without the right to', 'GET', `secret/metadata/${prefix}?list=true`],
      ['a path without an engine', 'GET', `nowhere/data/${prefix}`],
      ['who am I', 'GET', 'auth/token/lookup-self'],
      ['a renewal of the token', 'POST', 'auth/token/renew-self', {}],
      ['a login with a wrong secret id', 'POST', 'auth/approle/login', { role_id: 'x', secret_id: 'y' }],
      ['a renewal of a missing lease', 'POST', 'sys/leases/renew', { lease_id: 'database/creds/x/y' }],
      ['a lookup of a missing lease', 'POST', 'sys/leases/lookup', { lease_id: 'database/creds/x/y' }],
      ['the health', 'GET', 'sys/health'],
      ['whether it is sealed', 'GET', 'sys/seal-status'],
    ];
    for (const [title, method, path, body] of REQUESTS)
      it(title, async () => {
        const [real, standIn] = [await both.real(method, path, body), await both.standIn(method, path, body)];
        assertAlike(real, standIn);
      });

    it('a leased login, from its creation to its end', async () => {
      const answers: Record<string, Answer[]> = {};
      for (const [name, ask] of Object.entries(both)) {
        const made = await ask('GET', `database/creds/${prefix}`);
        const { lease_id, data } = made.body;
        const login = { ...database, user: data?.username, password: data?.password };
        await canLogIn(login);
        const about = { lease_id };
        answers[name] = [
          made,
          await ask('POST', 'sys/leases/lookup', about),
          await ask('POST', 'sys/leases/renew', { ...about, increment: 60 }),
          // The max TTL limits the requested increment.
          await ask('POST', 'sys/leases/renew', { ...about, increment: 3600 }),
          await ask('POST', 'sys/leases/revoke', about),
        ];
        answers[name].push(await ask('POST', 'sys/leases/renew', about));
        await assert.rejects(canLogIn(login), { code: '28P01' });
      }
      const { real = [], standIn = [] } = answers;
      for (const [index, answer] of real.entries())
        assertAlike(answer, standIn[index] ?? { status: 0, body: {} });
      assert.deepEqual(durations(real), durations(standIn));
    });

    it('a token that revoked itself', async () => {
      for (const ask of Object.values(both))
        assert.equal((await ask('POST', 'auth/token/revoke-self', {})).status, 204);
      const path = 'auth/token/lookup-self';
      assertAlike(await both.real('GET', path), await both.standIn('GET', path));
    });
  });
}

const unset: Ask = () => Promise.reject(new Error('not started'));

const askWith =
  (address: string, headers: Record<string, string>): Ask =>
  async (method, path, body) => {
    const response = await fetch(`${address}/v1/${path}`, {
      method,
      headers,
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: JSON.parse((await response.text()) || '{}') };
  };

async function logIn(address: string, credentials: object): Promise<Ask> {
  const { body } = await askWith(address, {})('POST', 'auth/approle/login', credentials);
  return askWith(address, { 'X-Vault-Token': body.auth?.client_token ?? '' });
}

async function canLogIn(config: ClientConfig) {
  const client = new Client(config);
  await client.connect();
  await client.end();
}

/** Lease durations, to the nearest ten seconds. */
const durations = (answers: Answer[]) =>
  answers.map(({ body }) => body.lease_duration && Math.round(body.lease_duration / 10) * 10);

/** `null` stands for any type: servers return it for absent values. */
function assertAlike(real: Answer, standIn: Answer) {
  assert.equal(standIn.status, real.status, `the real server: ${real.status} ${JSON.stringify(real.body)}`);
  const differences = [...differ(standIn.body, real.body, '')];
  assert.deepEqual(differences, [], JSON.stringify(real.body));
}

function* differ(standIn: unknown, real: unknown, path: string): Generator<string> {
  if (standIn === null || real === null) return;
  if (kind(standIn) !== kind(real)) yield `${path}: ${kind(standIn)}, in the real answer ${kind(real)}`;
  else if (kind(standIn) === 'object')
    for (const [key, value] of Object.entries(standIn as object)) {
      const field = `${path}.${key}`;
      if (key in (real as object)) yield* differ(value, (real as Record<string, unknown>)[key], field);
      else if (!VAULT_ONLY.has(field)) yield `${field}: not in the real answer`;
    }
  // Error messages are part of the answer. A list in only one of the answers is a difference.
  else if (kind(standIn) === 'array' && ((standIn as []).length === 0) !== ((real as []).length === 0))
    yield `${path}: ${JSON.stringify(standIn)}, in the real answer ${JSON.stringify(real)}`;
}

const kind = (value: unknown) => (Array.isArray(value) ? 'array' : typeof value);
