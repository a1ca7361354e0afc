/** `npm run dev`: restarts on edits, and ends completely, whichever part of it ends first. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const DEV = fileURLToPath(new URL('../../sandbox/dev.ts', import.meta.url));
const SOURCE = fileURLToPath(new URL('../../src/app.ts', import.meta.url));

interface Dev {
  process: ChildProcess;
  url: string;
  output(): string;
  /** Process ids of its parts. */
  pids(): Promise<{ service: number; postgres: number; reaper: number }>;
  /** Resolves with the exit code once no process and no file is left. */
  gone(): Promise<number | null>;
}

const running = new Set<ChildProcess>();
after(() => {
  for (const child of running) child.kill('SIGKILL');
});

/** Polls until `probe` is true. */
async function until(what: string, probe: () => boolean | Promise<boolean>) {
  const deadline = performance.now() + 60_000;
  while (!(await probe())) {
    if (performance.now() > deadline) assert.fail(`${what} did not come true`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Starts it with its own temporary directory, which must be empty at the end. */
async function startDev(settings: Record<string, string> = {}): Promise<Dev> {
  const temporary = await mkdtemp(join(tmpdir(), 'dev test '));
  // When this process runs as root, PostgreSQL runs as another user, which must reach its files.
  if (process.getuid?.() === 0) await import('node:fs/promises').then(({ chmod }) => chmod(temporary, 0o711));
  const child = spawn(process.execPath, [DEV], {
    env: { ...process.env, TMPDIR: temporary, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
    });
  const ended = once(child, 'exit');
  await until('ready', () => {
    assert.equal(child.exitCode, null, output);
    return output.includes('Ready after');
  });
  const url = /service +(\S+)/.exec(output)?.[1] ?? '';

  const pids = async () => {
    const all = await processes();
    const find = (pattern: RegExp) =>
      all.find(({ parent, command }) => parent === child.pid && pattern.test(command));
    return {
      service: find(/src\/server\.ts/)?.pid ?? 0,
      postgres: find(/bin\/postgres /)?.pid ?? 0,
      reaper: find(/reaper-process\.ts/)?.pid ?? 0,
    };
  };

  return {
    process: child,
    url,
    output: () => output,
    pids,
    async gone() {
      const [code] = await ended;
      running.delete(child);
      await until('an empty directory', async () => (await readdir(temporary)).length === 0);
      await until(
        'no process',
        async () => !(await processes()).some(({ command }) => command.includes(temporary)),
      );
      await until('a free port', () =>
        fetch(`${url}/health`).then(
          () => false,
          () => true,
        ),
      );
      await rm(temporary, { recursive: true });
      return code;
    },
  };
}

async function processes() {
  const ps = spawn('ps', ['-eo', 'pid=,ppid=,args='], { stdio: ['ignore', 'pipe', 'inherit'] });
  const chunks = await ps.stdout.toArray();
  return Buffer.concat(chunks)
    .toString()
    .split('\n')
    .flatMap((line) => {
      const [, pid, parent, command] = /^ *(\d+) +(\d+) (.*)$/.exec(line) ?? [];
      return command === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), command }];
    });
}

describe('npm run dev', { skip: process.platform === 'win32' && 'uses ps' }, () => {
  it('restarts the service after an edit, keeps the rest running, and ends with Ctrl-C', async () => {
    const dev = await startDev();
    const before = await dev.pids();
    await utimes(SOURCE, new Date(), new Date());
    await until('a restart', () => dev.output().split('INFO: listening').length > 2);
    const after = await dev.pids();
    assert.notEqual(after.service, before.service);
    assert.equal(after.postgres, before.postgres);
    dev.process.kill('SIGINT');
    assert.equal(await dev.gone(), 0);
  });

  it('ends completely when it is killed', async () => {
    const dev = await startDev();
    dev.process.kill('SIGKILL');
    assert.equal(await dev.gone(), null);
  });

  for (const part of ['service', 'postgres', 'reaper'] as const)
    it(`ends completely when ${part} is killed, with a message`, async () => {
      const dev = await startDev();
      process.kill((await dev.pids())[part], 'SIGKILL');
      assert.equal(await dev.gone(), 1);
      assert.match(dev.output(), /Stopped because a part of it ended: /);
    });

  it('chooses another port when its own is taken, and runs twice at once', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const PORT = String(typeof address === 'object' && address?.port);
    const [first, second] = await Promise.all([startDev({ PORT }), startDev({ PORT })]);
    assert.notEqual(first.url, second.url);
    for (const dev of [first, second]) {
      assert.equal((await fetch(`${dev.url}/ready`)).status, 200);
      dev.process.kill('SIGTERM');
      assert.equal(await dev.gone(), 0);
    }
    taken.close();
  });
});
