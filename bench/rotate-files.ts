/**
 * Rotation of secrets that are files: the steps of an operator's tool at the source, which the kubelet brings to the
 * volume. Two logins alternate. Each is proven by use, and the old one is locked once it is unused.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import type { Rotatable, Sandbox } from '../sandbox/sandbox.ts';
import { createFileProvider } from '../src/secrets/providers/file/provider.ts';

export async function rotateFile(sandbox: Sandbox, id: Rotatable): Promise<void> {
  const provider = createFileProvider({ directory: sandbox.backend.environment.SECRETS_DIR ?? '' });
  const name = sandbox.nameOf(id);
  const value = JSON.parse((await provider.read(name)).value);
  const put = (changes: object) => sandbox.backend.put(name, JSON.stringify({ ...value, ...changes }));
  const credential = randomBytes(48).toString('base64url');

  if (id === 'jwt') await put({ secret_key: credential, previous_secret_key: value.secret_key });
  if (id === 'openai') {
    await put({ api_key: sandbox.openai.createKey() });
    // The old key is revoked once no process uses it.
    await delay(3_000);
    sandbox.openai.revokeKey(value.api_key);
  }
  if (id !== 'database') return;

  const administrator = new Client({ ...sandbox.postgres.connection, database: value.dbname });
  await administrator.connect();
  try {
    const username = value.username === 'myapp_a' ? 'myapp_b' : 'myapp_a';
    const { rowCount } = await administrator.query('SELECT FROM pg_roles WHERE rolname = $1', [username]);
    await administrator.query(
      `${rowCount ? 'ALTER' : 'CREATE'} ROLE ${username} LOGIN PASSWORD '${credential}'`,
    );
    await administrator.query(`GRANT myapp_app TO ${username}`);
    await put({ username, password: credential });
    const sessions = async () =>
      (await administrator.query('SELECT FROM pg_stat_activity WHERE usename = $1', [value.username]))
        .rowCount;
    while (await sessions()) await delay(100);
    await administrator.query(`ALTER ROLE ${value.username} NOLOGIN`);
  } finally {
    await administrator.end();
  }
}
