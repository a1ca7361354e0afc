/** What `docker save` writes: the layers of an image as archives. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { docker, run } from './docker.ts';

export interface Layer {
  /** The archive. */
  file: string;
  entries: { mode: string; owner: string; path: string }[];
}

/** @param directory receives the archives */
export async function readLayers(image: string, directory: string): Promise<Layer[]> {
  const folder = join(directory, 'saved');
  const archive = join(directory, 'image.tar');
  await mkdir(folder, { recursive: true });
  await docker(['save', `--output=${archive}`, image]);
  await run('tar', ['--extract', `--file=${archive}`, `--directory=${folder}`]);
  const [{ Layers: names }] = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'));
  return Promise.all(names.map((name: string) => readLayer(join(folder, name))));
}

async function readLayer(file: string): Promise<Layer> {
  const { stdout } = await run('tar', ['--list', '--verbose', '--numeric-owner', `--file=${file}`], {
    maxBuffer: 64 * 1024 * 1024,
  });
  const entries = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [mode = '', owner = '', , , , ...path] = line.split(/ +/);
      return { mode, owner, path: path.join(' ').replace(/ -> .*| link to .*/, '') };
    });
  return { file, entries };
}
