/**
 * Replaces every secret several times through the backend's API while the real service answers a steady load. Fails when
 * a request fails or hangs.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Backend, BackendName } from '../../sandbox/backends.ts';
import { startService } from '../../sandbox/service.ts';
import { startLoad } from './load.ts';
import { startSurroundings } from './surroundings.ts';

const ROUNDS = 4;
/** Milliseconds between two API keys: the service reads a refused key again at most once in five seconds. */
const PACE = 5_500;

export interface RotationOptions {
  provider: BackendName;
  /** `SECRET_PREFIX`. */
  prefix: string;
  start(): Promise<Backend>;
}

export function describeRotation({ provider, prefix, start }: RotationOptions) {
  describe(`rotation under load: ${provider}, interop`, { timeout: 120_000 }, () => {
    it('costs no request', async (context) => {
      const cleanUp = new AsyncDisposableStack();
      context.after(() => cleanUp.disposeAsync());
      const backend = await start();
      cleanUp.defer(backend.close);
      const surroundings = await startSurroundings({ provider, prefix, backend, cleanUp });
      const { rotate, environment, user, reaper } = surroundings;
      const service = startService({
        environment: { ...environment, SECRET_TTL: '1', LOGIN_RATE_LIMIT: '100000', LOG_LEVEL: 'warn' },
        reaper,
      });
      cleanUp.defer(service.stop);
      let output = '';
      for (const stream of [service.process.stdout, service.process.stderr])
        stream?.on('data', (chunk) => {
          output += chunk;
        });
      assert.ok(await service.ready, output);

      const load = await startLoad({ url: service.url, user });
      cleanUp.defer(async () => void (await load.stop()));
      for (let round = 1; round <= ROUNDS; round += 1) {
        const { username, lockOld } = await rotate.database();
        await load.until(`requests run as ${username}`, ({ databaseUser }) => databaseUser === username);
        await lockOld();
        const { keyId } = load.seen();
        await rotate.jwt();
        await load.until('tokens are signed with the new key', (seen) => seen.keyId !== keyId);
        await rotate.openai();
        await delay(PACE);
      }
      const { failed, hung, ...counts } = await load.stop();

      context.diagnostic(JSON.stringify({ ...counts, failed: failed.length, hung }));
      assert.equal(failed.length + hung, 0, [...failed.slice(0, 3), output.slice(-2_000)].join('\n'));
      assert.ok(counts.requests > 500, `only ${counts.requests} requests`);
      assert.equal(counts.keyIds, ROUNDS + 1);
      for (const value of surroundings.plantedValues()) assert.ok(!output.includes(value));
    });
  });
}
