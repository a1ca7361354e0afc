/**
 * Fills the backend that SECRET_PROVIDER names with the secrets of the service. Existing ones stay unchanged,
 * so this may run at any time: it runs at each `docker compose up`.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { loadConfig } from '../../src/config.ts';
import { SecretError } from '../../src/errors.ts';
import { createSecretInAws } from './aws.ts';
import { makeLogin, prepareDatabaseOnce } from './database.ts';
import { createKey, openaiAdministrator } from './openai-state.ts';
import { prepareVault, rootToken } from './vault.ts';

const random = (bytes: number) => randomBytes(bytes).toString('base64url');
const { SECRET_PROVIDER } = process.env;
const isVault = SECRET_PROVIDER === 'vault';

const roles = await prepareDatabaseOnce();
if (isVault) await prepareVault(roles.administrator);

const { secretNames: names, createProvider } = loadConfig({
  ...process.env,
  ...(isVault && { VAULT_TOKEN: rootToken() }),
});
const provider = await createProvider();

const exists = async (name: string) => {
  try {
    await provider.read(name);
    return true;
  } catch (error) {
    if (error instanceof SecretError && error.code === 'not-found') return false;
    throw error;
  }
};
const putOnce = async (name: string, make: () => object | Promise<object>) => {
  if (await exists(name)) return;
  const value = JSON.stringify(await make());
  if (SECRET_PROVIDER === 'aws') await createSecretInAws(name, value);
  else await provider.write?.(name, value);
  console.log(`Wrote ${name}.`);
};

const { host, port, dbname } = roles.owner;
const place = {
  host,
  port,
  dbname,
  sslmode: 'verify-full',
  ca_cert: readFileSync('/authority/ca.pem', 'utf8'),
};
// Vault's engine makes a login for each process; the other backends hold one.
await putOnce(names.database, async () =>
  isVault ? place : { ...place, ...(await makeLogin(`${SECRET_PROVIDER}_a`)) },
);
await putOnce(names['database-administrator'], () => ({ ...roles.administrator, ...place }));
await putOnce(names.database.replace(/database$/, 'database-owner'), () => ({ ...roles.owner, ...place }));
await putOnce(names.jwt, () => ({ secret_key: random(48), algorithm: 'HS256', expiry_hours: 24 }));
await putOnce(names.openai, async () => ({
  ...(await createKey(`seed of ${SECRET_PROVIDER}`)),
  model: 'sandbox-echo',
  base_url: openaiAdministrator().base_url,
}));
await putOnce(names['openai-administrator'], openaiAdministrator);
await provider.close?.();
console.log('Everything is there.');
