/** Locks a login that the secret no longer names, once every replica has had the time to read the secret. */
import { RotationError } from '../rotation-error.ts';
import type { LoginRoles } from './login-roles.ts';
import { type RotationOptions, SETTLING, step } from './rotation.ts';
import { overwritten, readStored } from './stored-secret.ts';

const INTERVAL = 1_000;

/**
 * A replica without traffic has no session, so that only time shows that it has read the secret. Sessions show which
 * replicas still use the old login.
 * @param written the version of the database secret that replaced the login
 * @throws RotationError temporary, when the login stays in use, or another write has replaced the version
 */
export async function retireLogin(
  roles: LoginRoles,
  name: string,
  written: string,
  options: RotationOptions,
): Promise<void> {
  const settling = SETTLING * options.ttl;
  await step(options, `Waiting ${Math.ceil(settling / 1000)} s until every replica has read the secret.`);
  await options.clock.sleep(settling, options.signal);
  await step(options, `Waiting until ${name} has no session (now ${await roles.sessions(name)}).`);
  await untilUnused(roles, name, options);
  await assertStillWritten(written, options);
  await step(options, `Locking ${name}.`);
  await roles.lock(name);
  // A session that began meanwhile may end in its own time.
  await untilUnused(roles, name, options);
  await options.report(`Done: ${name} cannot log in any more.`);
}

async function untilUnused(
  roles: LoginRoles,
  name: string,
  { clock, signal, timeout }: RotationOptions,
): Promise<void> {
  const deadline = clock.now() + timeout;
  for (;;) {
    const sessions = await roles.sessions(name);
    if (sessions === 0) return;
    if (clock.now() >= deadline)
      throw new RotationError(`${name} still has ${sessions} sessions after ${timeout / 1000} s.`, {
        remedy: `The secret is written; only ${name} is left to lock. Find its sessions: SELECT * FROM pg_stat_activity WHERE usename = '${name}'. Then run the same command again: it finishes this.`,
        temporary: true,
      });
    await clock.sleep(INTERVAL, signal);
  }
}

/** Key Vault has no conditional write: the write of a run that was killed can still arrive. */
async function assertStillWritten(written: string, options: RotationOptions): Promise<void> {
  const { name, version } = await readStored(options, 'database');
  if (version !== written) throw overwritten(name);
}
