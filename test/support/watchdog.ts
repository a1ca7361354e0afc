/**
 * Preloaded into each test file's process: ends one that stays alive after its tests, which would keep the run
 * waiting for ever. A failed `before` may leave a server or a child process open.
 */
import { after } from 'node:test';

/** Milliseconds that what closes late may take. */
const GRACE = 20_000;

if (process.env.NODE_TEST_CONTEXT === 'child-v8')
  after(() => {
    // Unreferenced, so that it fires only where something else keeps the process alive.
    setTimeout(() => {
      const resources = process.getActiveResourcesInfo().join(', ');
      console.error(`${process.argv[1]}: still alive ${GRACE / 1000} s after its tests. Open: ${resources}`);
      process.exit(1);
    }, GRACE).unref();
  });
