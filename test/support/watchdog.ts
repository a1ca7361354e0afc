/**
 * Preloaded into the process of each test file: ends one that stays alive after its tests, which would block the run. A
 * failed `before` may leave a server or a child process open.
 */
import { after } from 'node:test';

/** Milliseconds allowed for late cleanup. */
const GRACE = 20_000;

if (process.env.NODE_TEST_CONTEXT === 'child-v8')
  after(() => {
    // Unreferenced, so that it fires only when something else keeps the process alive.
    setTimeout(() => {
      const resources = process.getActiveResourcesInfo().join(', ');
      console.error(`${process.argv[1]}: still alive ${GRACE / 1000} s after its tests. Open: ${resources}`);
      process.exit(1);
    }, GRACE).unref();
  });
