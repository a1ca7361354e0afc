/** Copies of the tree in which a test adds or deletes something, as a team would do it. */
import { cp, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Not copied; `node_modules` is linked. */
const LEFT_OUT = new Set(['.git', 'node_modules']);

/** Copies the tree into a new directory, which the caller removes. */
export async function copyTree(name: string): Promise<string> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), `${name}-`)));
  for (const entry of await readdir(ROOT))
    if (!LEFT_OUT.has(entry)) await cp(join(ROOT, entry), join(directory, entry), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'), 'junction');
  return directory;
}

export const removeTree = (directory: string) => rm(directory, { recursive: true, force: true });

/** @throws Error when the change changes nothing */
export async function edit(path: string, change: (text: string) => string): Promise<void> {
  const text = await readFile(path, 'utf8');
  const changed = change(text);
  if (changed === text) throw new Error(`${path} is not as the test expects it.`);
  await writeFile(path, changed);
}
