/** The user that runs PostgreSQL, which refuses to run as root, who we are in most containers: `nobody` then. */
import { chmodSync, chownSync, mkdirSync, readFileSync } from 'node:fs';

export interface User {
  uid: number;
  gid: number;
}

/** Nothing when this process's own user will do. */
export function unprivilegedUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const [, uid, gid] = /^nobody:[^:]*:(-?\d+):(-?\d+):/m.exec(readFileSync('/etc/passwd', 'utf8')) ?? [];
  if (!uid || !gid)
    throw new Error('PostgreSQL needs a user other than root, and there is no `nobody` here.');
  return { uid: Number(uid), gid: Number(gid) };
}

export function give(path: string, user: User | undefined) {
  // macOS numbers `nobody` -2, which chown wants unsigned.
  if (user) chownSync(path, user.uid >>> 0, user.gid >>> 0);
}

/** Readable by everyone, whatever the umask. */
export function makeDirectory(path: string) {
  mkdirSync(path);
  chmodSync(path, 0o755);
}
