/**
 * Preloaded by `npm test`: every process that a test starts uses Node's compile cache, which saves a fifth of the
 * processor time.
 */
import { fileURLToPath } from 'node:url';

process.env.NODE_COMPILE_CACHE ??= fileURLToPath(
  new URL('../../node_modules/.cache/compile', import.meta.url),
);
