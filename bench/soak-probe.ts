/** Preloaded into a replica of the soak: reports its memory and resources after a forced garbage collection. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

process.on('message', (message: { kind: string }) => {
  if (message.kind !== 'measure') return;
  // Twice: objects freed by the first run may hold the last reference to others.
  collectGarbage();
  collectGarbage();
  process.send?.({
    kind: 'measured',
    heap: process.memoryUsage().heapUsed,
    resources: count(process.getActiveResourcesInfo()),
  });
});
function count(kinds: string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

// A listener keeps the channel open, which would keep the process alive.
process.channel?.unref();
