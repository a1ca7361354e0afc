/** Creates a user with the role admin and a password that is shown once: `docker compose run --rm user`. */
import { randomBytes } from 'node:crypto';
import { withConnection } from '../../src/clients/database/connection.ts';
import { loadConfig } from '../../src/config.ts';
import { hashPassword } from '../../src/passwords.ts';
import { parseSecret } from '../../src/secrets/parse-secret.ts';
import { databaseSchema, layoutOf } from '../../src/secrets/schemas.ts';

const [email = 'ada@example.com'] = process.argv.slice(2);
const password = randomBytes(18).toString('base64url');

const { createProvider, secretNames } = loadConfig(process.env);
const provider = await createProvider();
const secret = await provider.read(secretNames.database, {
  layout: layoutOf('database', databaseSchema),
});
await withConnection(parseSecret(databaseSchema, secret), async (connection) =>
  connection.query(
    `INSERT INTO users (email, password_hash, role) VALUES ($1, $2, 'admin')
     ON CONFLICT (lower(email)) DO UPDATE SET password_hash = EXCLUDED.password_hash`,
    [email, await hashPassword(password)],
  ),
);
if (secret.lease) await provider.revoke?.(secret.lease);
await provider.close?.();
console.log(`${email} ${password}`);
