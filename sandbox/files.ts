/**
 * Secrets as files, replaced as the kubelet replaces a volume: it writes a new directory, then points the link `..data` at
 * it with one rename. Readers see all old files or all new ones.
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

  /** The volume is replaced by one change at a time. */
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
