/** Whether a file is mounted by itself, as Kubernetes does for `subPath`. */
import { readFile, realpath } from 'node:fs/promises';

/** Linux lists its mounts here. Other systems have no Kubernetes volumes. https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html */
const MOUNTS = '/proc/self/mountinfo';

/** @param mounts default: the kernel's list */
export async function isMountPoint(path: string, mounts = MOUNTS): Promise<boolean> {
  const [list, file] = await Promise.all([
    readFile(mounts, 'utf8').catch(() => ''),
    realpath(path).catch(() => path),
  ]);
  return list.split('\n').some((line) => decode(line.split(' ')[4] ?? '') === file);
}

/** The kernel writes a space as `\040`. */
const decode = (field: string) =>
  field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
