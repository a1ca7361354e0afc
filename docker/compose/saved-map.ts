/** A Map in a file, so that a stand-in has after a restart what it had before. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

/** The file is written at each `set`. A change within a value is written with the next one. */
export function openSavedMap<T>(file: string): Map<string, T> {
  const map = new Map<string, T>(existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : []);
  const set = map.set.bind(map);
  map.set = (key, value) => {
    set(key, value);
    writeFileSync(`${file}.new`, JSON.stringify([...map]), { mode: 0o600 });
    renameSync(`${file}.new`, file);
    return map;
  };
  return map;
}
