/** A failed start of the sandbox leaves nothing behind. */
import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { startSandbox } from '../../sandbox/sandbox.ts';

/** Resources that keep this process alive. */
const open = () =>
  process.getActiveResourcesInfo().filter((resource) => /^(TCPServerWrap|ProcessWrap)$/.test(resource));

describe('a sandbox that fails to start', () => {
  it('ends the parts that have started, and removes its files', async (context) => {
    const directory = await mkdtemp(join(tmpdir(), 'sandbox-test-'));
    // When this process runs as root, PostgreSQL runs as another user, which must reach its files.
    await chmod(directory, 0o711);
    const { TMPDIR } = process.env;
    process.env.TMPDIR = directory;
    context.after(async () => {
      if (TMPDIR === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = TMPDIR;
      await rm(directory, { recursive: true });
    });
    const before = open();

    // PostgreSQL, OpenAI and the backend run when the first password is made.
    const createPassword = () => {
      throw new Error('no password');
    };
    await assert.rejects(startSandbox({ provider: 'vault', createPassword }), /no password/);
    await context.waitFor(() => assert.deepEqual(open(), before));
    assert.deepEqual(await readdir(directory), []);
  });
});
