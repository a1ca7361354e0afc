/** The reaper against real processes: registered ones end, all others stay. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { after, before, describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startReaper } from '../../sandbox/reaper.ts';

const SOON = { timeout: 60_000, interval: 25 };
const IDLE = 'setInterval(() => {}, 1e6)';
const DEAF = `process.on('SIGTERM', () => {}); process.on('SIGQUIT', () => {}); console.log('deaf'); ${IDLE}`;

let base: string;
before(async () => {
  base = await mkdtemp(join(tmpdir(), 'reaper test '));
});
after(() => rm(base, { recursive: true, force: true }));

const directoryWithFiles = async (parent = base) => {
  const directory = await mkdtemp(join(parent, 'doomed '));
  await mkdir(join(directory, 'inner'));
  await writeFile(join(directory, 'inner', 'file'), 'x');
  return directory;
};

const idle = (code = IDLE) =>
  spawn(process.execPath, ['--eval', code], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });

describe('reaper', { timeout: 300_000 }, () => {
  test('reaps after SIGKILL of the whole process group, including processes that ignore signals and paths with spaces', async (t) => {
    const directory = await directoryWithFiles();
    const code = `
      import { spawn } from 'node:child_process';
      import { once } from 'node:events';
      import { startReaper } from ${JSON.stringify(import.meta.resolve('../../sandbox/reaper.ts'))};
      const reaper = startReaper();
      reaper.remove(process.env.DOOMED);
      const idle = spawn(process.execPath, ['--eval', ${JSON.stringify(IDLE)}], { detached: true });
      const deaf = spawn(process.execPath, ['--eval', ${JSON.stringify(DEAF)}], { detached: true });
      reaper.watch(idle);
      reaper.watch(deaf, 'SIGQUIT');
      await once(deaf.stdout, 'data');
      console.log(JSON.stringify([idle.pid, deaf.pid]));
    `;
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', code], {
      env: { ...process.env, TMPDIR: base, DOOMED: directory },
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pids: number[] = JSON.parse(await firstLine(parent.stdout));
    assert.deepEqual(pids.map(isAlive), [true, true]);

    process.kill(-Number(parent.pid), 'SIGKILL');
    await t.waitFor(() => assert.deepEqual(pids.map(isAlive), [false, false]), SOON);
    await t.waitFor(() => assert.equal(existsSync(directory), false), SOON);
    assert.equal(existsSync(base), true);
  });

  test('close() reaps and resolves afterwards', async () => {
    const directory = await directoryWithFiles();
    const child = idle();
    const exited = once(child, 'exit');
    const reaper = startReaper();
    reaper.watch(child);
    reaper.remove(directory);
    await reaper.close();
    assert.equal(existsSync(directory), false);
    assert.deepEqual(await exited, [null, 'SIGTERM']);
  });

  test('spares a released process, because its pid may belong to another by now', async (t) => {
    const [released, watched] = [idle(), idle()];
    t.after(() => released.kill('SIGKILL'));
    const gone = once(watched, 'exit');
    const program = fileURLToPath(import.meta.resolve('../../sandbox/reaper-process.ts'));
    const reaper = spawn(process.execPath, [program], { stdio: ['pipe', 'ignore', 'inherit'] });
    const messages = [
      { kind: 'watch', pid: released.pid, signal: 'SIGTERM' },
      { kind: 'watch', pid: watched.pid, signal: 'SIGTERM' },
      { kind: 'release', pid: released.pid },
    ];
    // Ends in the middle of a line, as a killed parent may.
    reaper.stdin.end(`${messages.map((message) => `${JSON.stringify(message)}\n`).join('')}{"kind":"wa`);
    assert.deepEqual(await once(reaper, 'exit'), [0, null]);
    await gone;
    assert.equal(isAlive(Number(released.pid)), true);
  });

  test('releases a child when it ends', async (t) => {
    const stranger = idle();
    t.after(() => stranger.kill('SIGKILL'));
    // A child that ended, and whose pid an unrelated process got.
    const ended = Object.assign(new EventEmitter(), { pid: stranger.pid }) as ChildProcess;
    const reaper = startReaper();
    reaper.watch(ended);
    ended.emit('exit');
    await reaper.close();
    assert.equal(isAlive(Number(stranger.pid)), true);
  });

  // All of them are in `base`, so that a reaper that fails to refuse destroys nothing of value.
  test('refuses directories that are not below the temporary one', async (t) => {
    const temporary = join(base, 'temporary');
    const outside = join(base, 'outside');
    const link = join(temporary, 'link');
    await mkdir(temporary);
    await mkdir(outside);
    await symlink(outside, link);
    useTemporaryDirectory(t, temporary);

    const reaper = startReaper();
    for (const directory of [base, outside, link, temporary, `${temporary}/../outside`])
      assert.throws(() => reaper.remove(directory), /may be removed/, directory);
    assert.throws(() => reaper.remove('relative'), /Not an absolute path/);
    assert.throws(() => reaper.remove(join(temporary, 'missing')), { code: 'ENOENT' });
    await reaper.close();
    assert.deepEqual([temporary, outside, link].map(existsSync), [true, true, true]);
  });
});

/** Fails when the output ends first, as when the program does not start. */
async function firstLine(input: Readable): Promise<string> {
  for await (const line of createInterface({ input })) return line;
  throw new Error('The program ended without output.');
}

/** A zombie is dead: in a container, the first process may never collect it. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** For `os.tmpdir()`, which reads TEMP on Windows. */
function useTemporaryDirectory(t: TestContext, directory: string) {
  const name = process.platform === 'win32' ? 'TEMP' : 'TMPDIR';
  const previous = process.env[name];
  process.env[name] = directory;
  t.after(() => {
    if (previous === undefined) delete process.env[name];
    else process.env[name] = previous;
  });
}
