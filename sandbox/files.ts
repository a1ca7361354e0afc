/**
 * Secrets as files, replaced the way the kubelet replaces a volume: a new directory is written, then one
 * rename points the link `..data` at it, so that readers see the old files or the new ones and no mixture.
 * https://pkg.go.dev/k8s.io/kubernetes/pkg/volume/util#AtomicWriter
 */
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export async function startFiles({ directory: parent }: { directory: string }) {
  const directory = join(parent, 'secrets');
  const values = new Map<string, string>();
  const linked = new Set<string>();
  let generation = 0;
  let previous: string | undefined;
  await mkdir(directory, { mode: 0o700 });

  const write = async () => {
    generation += 1;
    const next = `..generation_${generation}`;
    await mkdir(join(directory, next), { mode: 0o700 });
    for (const [name, value] of values)
      await writeFile(join(directory, next, `${name}.json`), value, { mode: 0o400 });
    await symlink(next, join(directory, '..data_tmp'));
    await rename(join(directory, '..data_tmp'), join(directory, '..data'));
    if (previous) await rm(join(directory, previous), { recursive: true });
    previous = next;
  };

  /** One replacement of the volume at a time. */
  let queue = Promise.resolve();
  const change = (apply: () => void) => {
    queue = queue.then(() => {
      apply();
      return write();
    });
    return queue;
  };

  return {
    directory,
    environment: { SECRETS_DIR: directory },
    async put(name: string, value: string) {
      const isNew = !linked.has(name);
      linked.add(name);
      await change(() => values.set(name, value));
      if (isNew) await symlink(join('..data', `${name}.json`), join(directory, `${name}.json`));
    },
    remove: (name: string) => change(() => values.delete(name)),
    async close() {},
  };
}
