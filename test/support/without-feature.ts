/** A copy of the tree without one feature, deleted as a team would do it: its line, its folder, its tests. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { copyTree, edit, removeTree } from './copy-tree.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const INDEX = 'src/features/index.ts';
const LINE = /^export \{ \w+ \} from '\.\/([\w-]+)\/index\.ts';\n/gm;

/** Names of the registered features, which are also their folders. */
export async function featureNames(): Promise<string[]> {
  const index = await readFile(join(ROOT, INDEX), 'utf8');
  return [...index.matchAll(LINE)].map(([, name = '']) => name);
}

/** Runs `work` in such a copy, then removes it. */
export async function withoutFeature<T>(name: string, work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await copyTree(`without-${name}`);
  try {
    await rm(join(directory, 'src/features', name), { recursive: true });
    await rm(join(directory, 'test/features', name), { recursive: true, force: true });
    await edit(join(directory, INDEX), (index) =>
      index.replace(LINE, (line, wired) => (wired === name ? '' : line)),
    );
    return await work(directory);
  } finally {
    await removeTree(directory);
  }
}
