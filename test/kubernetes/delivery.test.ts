/** Files as each way of delivery writes them, followed by the service while requests run. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, realpath, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { rotateFile } from '../../bench/rotate-files.ts';
import { startTraffic } from '../../bench/traffic.ts';
import { startFiles } from '../../sandbox/files.ts';
import { startSandbox } from '../../sandbox/sandbox.ts';
import { type Service, startService } from '../../sandbox/service.ts';
import { vaultAnswer } from '../support/vault-answer.ts';

const SECRETS = ['database', 'jwt', 'openai'];
/** Milliseconds between two looks of an agent or a driver at its store. */
const INTERVAL = 200;

/** What brings secrets to a directory. It looks at each again and again. */
interface Delivery {
  directory: string;
  deliver(name: string, value: string): Promise<void>;
}

/** Vault Agent: each file by itself when it changes, renamed into place, readable and not writable. */
async function agent(parent: string): Promise<Delivery> {
  const directory = join(parent, 'agent');
  const delivered = new Map<string, string>();
  await mkdir(directory);
  return {
    directory,
    async deliver(name, value) {
      if (delivered.get(name) === value) return;
      delivered.set(name, value);
      const temporary = join(directory, `${name}.tmp`);
      await writeFile(temporary, value, { mode: 0o440 });
      await rename(temporary, join(directory, `${name}.json`));
    },
  };
}

/** The CSI driver with Vault's provider: all files at once, whole answers, written again at each check. */
async function csiVault(parent: string): Promise<Delivery> {
  const { directory, put } = await startFiles({ directory: parent });
  return { directory, deliver: (name, value) => put(name, vaultAnswer(value)) };
}

it('no request is lost to a rotation, whether kubelet, agent or driver brings the files', {
  timeout: 300_000,
}, async () => {
  const sandbox = await startSandbox({ provider: 'file' });
  const services: Service[] = [];
  const ending = new AbortController();
  try {
    const parent = await realpath(await mkdtemp(join(tmpdir(), 'delivery-')));
    sandbox.reaper.remove(parent);
    const { SECRETS_DIR: source = '' } = sandbox.backend.environment;
    const ways = [await agent(parent), await csiVault(parent)];
    const deliver = async () => {
      for (const name of SECRETS) {
        const value = await readFile(join(source, `${name}.json`), 'utf8');
        for (const way of ways) await way.deliver(name, value);
      }
    };
    const keepDelivering = async () => {
      while (!ending.signal.aborted) {
        await deliver();
        await delay(INTERVAL);
      }
    };
    await deliver();

    for (const directory of [source, ...ways.map((way) => way.directory)])
      services.push(
        startService({
          environment: {
            ...sandbox.environment,
            SECRETS_DIR: directory,
            SECRET_TTL: '1',
            LOGIN_RATE_LIMIT: '1000',
          },
          reaper: sandbox.reaper,
        }),
      );
    for (const service of services) assert.ok(await service.ready);

    const delivering = keepDelivering();
    const traffic = await startTraffic({
      urls: services.map(({ url }) => url),
      user: sandbox.user,
      rate: 60,
    });
    await delay(500);
    // Ends once no replica uses the old login any more.
    await rotateFile(sandbox, 'database');
    await rotateFile(sandbox, 'jwt');
    await delay(1_500);
    await traffic.stop();
    ending.abort();
    await delivering;

    const failures = traffic.samples.filter(({ outcome }) => outcome !== 'ok');
    assert.deepEqual(failures, []);
    for (const replica of services.keys()) {
      const users = traffic.samples.flatMap((sample) =>
        sample.replica === replica && sample.user ? [sample.user] : [],
      );
      assert.deepEqual([...new Set(users)].sort(), ['myapp_a', 'myapp_b'], `replica ${replica}`);
    }
  } finally {
    ending.abort();
    await Promise.all(services.map((service) => service.stop()));
    await sandbox.close();
  }
});
