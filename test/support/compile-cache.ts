/**
 * Preloaded into each test file's process: it and every process that a test starts keep what Node makes of the source,
 * which spares a fifth of the processor time.
 */
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

const directory = fileURLToPath(new URL('../../node_modules/.cache/compile', import.meta.url));
// Code from the cache makes coverage less precise.
if (!process.env.NODE_V8_COVERAGE) {
  enableCompileCache(directory);
  process.env.NODE_COMPILE_CACHE ??= directory;
}
