/**
 * `rotate database`: creates a second login while the first works, proves it, writes it into the secret, and locks the first
 * once it is unused. The state of the two logins shows what an interrupted run left to do.
 */
import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { CANARY, withConnection } from '../../clients/database/connection.ts';
import { diagnose, placeOf } from '../../clients/database/diagnosis.ts';
import { assertLocked } from '../../clients/database/lock.ts';
import { conceal } from '../../secrets/conceal.ts';
import type { DatabaseSecret } from '../../secrets/schemas.ts';
import { RotationError } from '../rotation-error.ts';
import { takeLock } from './lock.ts';
import { family, otherName } from './login-names.ts';
import { createLoginRoles, type LoginRole, type LoginRoles } from './login-roles.ts';
import { retireLogin } from './retire-login.ts';
import { type RotationOptions, step } from './rotation.ts';
import {
  assertWritable,
  endLease,
  isUnclear,
  readDatabase,
  readStored,
  type StoredSecret,
  writeStored,
} from './stored-secret.ts';

export interface DatabaseRotationOptions extends RotationOptions {
  /** A statement that needs the application's rights. */
  canary?: string;
}

/** @throws RotationError, SecretError, or the error of PostgreSQL */
export async function rotateDatabase(options: DatabaseRotationOptions): Promise<void> {
  assertWritable(options.provider);
  await assertNotLeased(options);
  const read = () => readStored(options, 'database');
  const { value: administrator } = await readStored(options, 'database-administrator');
  const { dbname } = (await read()).value;

  return withConnection(
    administrator,
    async (connection) => {
      await takeLock(connection, options);
      const roles = createLoginRoles(connection);
      // Read under the lock: the previous holder may have changed it.
      const secret = await read();
      const leftovers = await findLeftovers(roles, secret.value.username);
      if (leftovers.length > 0) await finish(connection, roles, secret, leftovers, options);
      await replace(connection, roles, leftovers.length > 0 ? await read() : secret, options);
    },
    { dbname },
  );
}

async function assertNotLeased(options: DatabaseRotationOptions): Promise<void> {
  const secret = await readDatabase(options);
  if (!secret.lease) return;
  await endLease(options, secret);
  throw new RotationError('Vault makes a login for each process and ends it: there is none to rotate.', {
    remedy:
      'To end all that there are: vault lease revoke -prefix database/creds/<role>. Without VAULT_DATABASE_ROLE this rotates the login in the secret.',
    temporary: false,
  });
}

/** Logins that an earlier run has made and not written, or written over and not locked: all but the secret's. */
async function findLeftovers(roles: LoginRoles, username: string): Promise<LoginRole[]> {
  const found = await roles.find(username, ...family(username));
  const groups = JSON.stringify(found.find(({ name }) => name === username)?.groups);
  return found
    .filter(({ name, canLogIn, sessions }) => name !== username && (canLogIn || sessions > 0))
    .filter((role) => {
      const isTwin = JSON.stringify(role.groups) === groups;
      // Only the next name matters. A role of another name without the same groups belongs to another application.
      if (!isTwin && role.name === otherName(username))
        throw new RotationError(`${role.name} is in use and not in the groups of ${username}.`, {
          remedy: `If another application owns it, give this one another name. Otherwise give both roles the same groups, or lock it: ALTER ROLE ${role.name} NOLOGIN`,
          temporary: false,
        });
      return isTwin;
    });
}

async function finish(
  connection: pg.Client,
  roles: LoginRoles,
  secret: StoredSecret<DatabaseSecret>,
  leftovers: LoginRole[],
  options: DatabaseRotationOptions,
): Promise<void> {
  const { name, value } = secret;
  const left = leftovers.map((role) => role.name).join(' and ');
  await step(options, `An earlier rotation was interrupted: ${left} is not in ${name}. Finishing it.`);
  // The leftover may be the only login that works: it is not touched unless the secret's works too.
  await prove(value, options);
  // The write of the interrupted run may be on its way, over the version that is there: another version refuses it.
  await step(options, `Writing ${name} unchanged, as a new version.`);
  await assertLocked(connection);
  const written = await writeStored(options.provider, secret, {});
  for (const role of leftovers) await retireLogin(roles, role.name, written, options);
}

async function replace(
  connection: pg.Client,
  roles: LoginRoles,
  secret: StoredSecret<DatabaseSecret>,
  options: DatabaseRotationOptions,
): Promise<void> {
  const { username: old } = secret.value;
  const username = otherName(old);
  const model = await check(roles, old, username);
  const groups = model.groups.length > 0 ? `, in the groups of ${old}: ${model.groups.join(', ')}` : '';
  await step(options, `Making the login ${username}${groups}.`);
  const password = randomBytes(32).toString('base64url');
  await roles.make(username, model, password);
  let written: string;
  try {
    await step(options, `Proving it: a login as ${username}, and a read of a table.`);
    await prove(conceal({ ...secret.value, username, password }, 'password'), options);
    await step(options, `Writing ${secret.name}.`);
    await assertLocked(connection);
    written = await writeStored(options.provider, secret, { username, password });
  } catch (error) {
    // When this fails too, the next run sees a login that is in no secret.
    if (!isUnclear(error)) await roles.lock(username).catch(() => {});
    throw error;
  }
  await retireLogin(roles, old, written, options);
}

/** Everything that would go wrong later, found before anything is changed. Returns the old login. */
async function check(roles: LoginRoles, old: string, next: string): Promise<LoginRole> {
  const refuse = (message: string, remedy: string) =>
    new RotationError(message, { remedy, temporary: false });
  const found = await roles.find(old, next);
  const model = found.find(({ name }) => name === old);
  if (!model) throw refuse(`PostgreSQL has no role ${old}.`, 'Put a login that exists into the secret.');
  const [beyondReach] = found.flatMap((role) => role.beyondReach);
  if (beyondReach)
    throw refuse(
      `The administrator may not manage the role ${beyondReach}.`,
      `As a superuser: GRANT "${beyondReach}" TO <administrator> WITH ADMIN TRUE, INHERIT FALSE, SET FALSE`,
    );
  const { objects, rights } = await roles.hasOfItsOwn(old, next);
  if (objects)
    throw refuse(
      `${old} owns objects, which ${next} could not change.`,
      `Give them to a role that is not rotated: REASSIGN OWNED BY "${old}" TO <owner>, in each database.`,
    );
  if (rights)
    throw refuse(
      `${old} has rights of its own, which ${next} would lack.`,
      `Grant them to a group that both are in, and revoke them from "${old}".`,
    );
  return model;
}

async function prove(
  secret: DatabaseSecret,
  { canary = CANARY, names }: DatabaseRotationOptions,
): Promise<void> {
  await withConnection(secret, (connection) => connection.query(canary)).catch((error) => {
    const { code, message, remedy, temporary } = diagnose(error, placeOf(names.database, secret));
    throw new RotationError(`${secret.username} does not work: ${message} [${code}].`, {
      remedy: `Nothing was revoked. ${remedy}`,
      temporary,
      cause: error,
    });
  });
}
