/** Cycles among imports, of files and of folders. */
import { basename, dirname } from 'node:path';

/** An import: the importing file and the imported one, as paths from the root. */
export type Import = readonly [from: string, to: string];

/** One cycle as the imports that form it; empty when there is none. */
export function findCycle(imports: Import[], nodeOf = (path: string) => path): Import[] {
  const edges = imports.filter(([from, to]) => nodeOf(from) !== nodeOf(to));
  const bySource = Map.groupBy(edges, ([from]) => nodeOf(from));
  const visited = new Set<string>();
  const visit = (node: string, path: Import[]): Import[] => {
    const start = path.findIndex(([from]) => nodeOf(from) === node);
    if (start >= 0) return path.slice(start);
    if (visited.has(node)) return [];
    visited.add(node);
    for (const edge of bySource.get(node) ?? []) {
      const cycle = visit(nodeOf(edge[1]), [...path, edge]);
      if (cycle.length > 0) return cycle;
    }
    return [];
  };
  for (const node of bySource.keys()) {
    const cycle = visit(node, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}

/** The folder of a file. A file that only composes others is a node by itself: the root, the commands, an index. */
export function folderOf(path: string, folders: ReadonlySet<string>): string {
  const folder = dirname(path);
  const isRoot = folder === 'src' || folder === 'src/cli';
  const isIndex = basename(path) === 'index.ts' && [...folders].some((other) => dirname(other) === folder);
  return isRoot || isIndex ? path : folder;
}
