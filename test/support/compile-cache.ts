/**
 * Preloaded by `npm test`: every process that a test starts keeps what Node makes of the source, which
 * spares a fifth of the processor time.
 */
import { fileURLToPath } from 'node:url';

process.env.NODE_COMPILE_CACHE ??= fileURLToPath(
  new URL('../../node_modules/.cache/compile', import.meta.url),
);
