/** Watches `src/` for edits. */
import { watch } from 'node:fs';
import { fileURLToPath } from 'node:url';

const DIRECTORY = fileURLToPath(new URL('../src', import.meta.url));

/** Milliseconds. Editors write a file in several steps, so an edit counts once the events stop. */
const QUIET = 100;

export interface SourceWatcher {
  /** Resolves at the next edit, or at once if an edit happened since the last call resolved. */
  next(): Promise<void>;
  close(): void;
}

export function watchSources(): SourceWatcher {
  let edit = Promise.withResolvers<void>();
  let timer: NodeJS.Timeout | undefined;
  const watcher = watch(DIRECTORY, { recursive: true }, () => {
    clearTimeout(timer);
    timer = setTimeout(() => edit.resolve(), QUIET);
  });
  return {
    async next() {
      await edit.promise;
      edit = Promise.withResolvers<void>();
    },
    close() {
      clearTimeout(timer);
      watcher.close();
    },
  };
}
