/** The modules as data: blocks and arguments, with expressions as text. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from '@cdktn/hcl2json';

// biome-ignore lint/suspicious/noExplicitAny: blocks have many shapes, and a test reads one path
export type Block = any;

export interface Module {
  name: string;
  /** Text by file, without examples and tests. */
  files: Record<string, string>;
  variable: Record<string, Block>;
  output: Record<string, Block>;
  locals: Block;
  terraform: Block;
  /** Every block of the kind `provider`. */
  providers: string[];
  resources: { type: string; name: string; block: Block }[];
}

/** @param root holds the folder `terraform` */
export function readFiles(root: string, name: string): Record<string, string> {
  const folder = join(root, 'terraform', name);
  const files = readdirSync(folder).filter((file) => file.endsWith('.tf'));
  return Object.fromEntries(files.map((file) => [file, readFileSync(join(folder, file), 'utf8')]));
}

export async function parseModule(name: string, files: Record<string, string>): Promise<Module> {
  const parsed: Block[] = await Promise.all(Object.entries(files).map(([file, text]) => parse(file, text)));
  const merged = (kind: string): Record<string, Block> =>
    Object.assign({}, ...parsed.map((blocks) => blocks[kind] ?? {}));
  const first = (blocks: Record<string, Block>) =>
    Object.fromEntries(Object.entries(blocks).map(([key, [block]]) => [key, block]));
  return {
    name,
    files,
    variable: first(merged('variable')),
    output: first(merged('output')),
    locals: Object.assign({}, ...parsed.flatMap(({ locals = [] }) => locals)),
    terraform: parsed.flatMap(({ terraform = [] }) => terraform)[0],
    providers: Object.keys(merged('provider')),
    resources: parsed.flatMap(({ resource = {} }) =>
      Object.entries<Block>(resource).flatMap(([type, byName]) =>
        Object.entries<Block>(byName).map(([resourceName, [block]]) => ({ type, name: resourceName, block })),
      ),
    ),
  };
}

/** The only resource of a type, not counting those of the second identity. @throws Error */
export function one({ resources, name }: Module, type: string): Block {
  const [found, ...others] = resources.filter(
    (resource) => resource.type === type && resource.name !== 'admin',
  );
  if (!found || others.length > 0) throw new Error(`${name}: not one ${type}`);
  return found.block;
}

/** The resource of this type and name. @throws Error */
export function named({ resources, name: module }: Module, type: string, name: string): Block {
  const found = resources.find((resource) => resource.type === type && resource.name === name);
  if (!found) throw new Error(`${module}: no ${type}.${name}`);
  return found.block;
}
