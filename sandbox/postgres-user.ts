/** The user that runs PostgreSQL. PostgreSQL refuses to run as root, the user of most containers; then it is `nobody`. */
import { chmodSync, chownSync, mkdirSync, readFileSync } from 'node:fs';

export interface User {
  uid: number;
  gid: number;
}

/** Undefined when the user of this process can run it. */
export function unprivilegedUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const [, uid, gid] = /^nobody:[^:]*:(-?\d+):(-?\d+):/m.exec(readFileSync('/etc/passwd', 'utf8')) ?? [];
  if (!uid || !gid)
    throw new Error(
      'PostgreSQL cannot run as root, and the user `nobody` does not exist. Run as another user.',
    );
  return { uid: Number(uid), gid: Number(gid) };
}

export function give(path: string, user: User | undefined) {
  // On macOS the id of `nobody` is -2; chown requires an unsigned number.
  if (user) chownSync(path, user.uid >>> 0, user.gid >>> 0);
}

/** Readable by every user, whatever the umask. */
export function makeDirectory(path: string) {
  mkdirSync(path);
  chmodSync(path, 0o755);
}
