/** A copy of the tree without one feature, deleted as a team would do it: its line, its folder, its tests. */
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const INDEX = 'src/features/index.ts';
const LINE = /^export \{ \w+ \} from '\.\/([\w-]+)\/index\.ts';\n/gm;
/** Not copied; `node_modules` is linked. */
const LEFT_OUT = new Set(['.git', 'node_modules']);

/** Names of the registered features, which are also their folders. */
export async function featureNames(): Promise<string[]> {
  const index = await readFile(join(ROOT, INDEX), 'utf8');
  return [...index.matchAll(LINE)].map(([, name = '']) => name);
}

/** Runs `work` in such a copy, then removes it. */
export async function withoutFeature<T>(name: string, work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), `without-${name}-`));
  try {
    for (const entry of await readdir(ROOT))
      if (!LEFT_OUT.has(entry)) await cp(join(ROOT, entry), join(directory, entry), { recursive: true });
    await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'), 'junction');
    await rm(join(directory, 'src/features', name), { recursive: true });
    await rm(join(directory, 'test/features', name), { recursive: true, force: true });
    const index = await readFile(join(directory, INDEX), 'utf8');
    const rest = index.replace(LINE, (line, wired) => (wired === name ? '' : line));
    await writeFile(join(directory, INDEX), rest);
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
