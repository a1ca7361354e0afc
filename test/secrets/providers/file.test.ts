import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import {
  chmod,
  mkdir,
  mkdtemp,
  realpath,
  rename,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startFiles } from '../../../sandbox/files.ts';
import { SecretError } from '../../../src/errors.ts';
import { isMountPoint } from '../../../src/secrets/providers/file/mount-point.ts';
import { createFileProvider } from '../../../src/secrets/providers/file/provider.ts';
import { notApplicable } from '../../support/skip.ts';
import { vaultAnswer } from '../../support/vault-answer.ts';
import { describeProvider, type ProviderFixture } from './contract.ts';

const DEVIATIONS = {
  'reads the previous version': 'a directory keeps no earlier version',
  'a forbidden secret is denied': 'root may read every file; tested below for other users',
  'a secret that is switched off is disabled': 'a file exists or does not',
  'an unreachable backend is unavailable':
    'a missing directory is a configuration error, which waiting does not fix',
};

/** `wrap` turns a secret into the content of its file. */
async function startFixture(wrap: (value: string) => string = (value) => value): Promise<ProviderFixture> {
  const parent = await mkdtemp(join(tmpdir(), 'files-'));
  const files = await startFiles({ directory: parent });
  return {
    provider: createFileProvider({ directory: files.directory }),
    nameOf: (secret) => secret,
    put: (name, value) => files.put(name, wrap(value)),
    disable: files.remove,
    forbidden: 'forbidden',
    unreachable: async () => createFileProvider({ directory: join(parent, 'nowhere') }),
    close: () => rm(parent, { recursive: true }),
  };
}

describeProvider('files replaced as the kubelet does', startFixture, DEVIATIONS);

describeProvider(
  "files that hold Vault's whole answer, as its CSI provider writes them",
  () => startFixture(vaultAnswer),
  DEVIATIONS,
);

it('a file that is rewritten with the same version of Vault is not a new version', async () => {
  const metadata = { version: 7, created_time: '2026-11-22T08:00:00.123456789Z' };
  const { provider, put, close } = await startFixture((value) => vaultAnswer(value, metadata));
  await put('database', '{"username":"ada"}');
  const first = await provider.read('database');
  await put('database', '{"username":"ada"}');
  assert.equal(await provider.version?.('database'), first.version);
  assert.equal(first.version, '7');
  assert.equal(first.createdAt?.getUTCHours(), 8);
  await close();
});

it('no read fails while the volume is replaced repeatedly', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'files-'));
  const files = await startFiles({ directory: parent });
  await files.put('database', '{"n":0}');
  const provider = createFileProvider({ directory: files.directory });
  let replacing = true;
  const replaced = (async () => {
    for (let n = 1; n <= 200; n += 1) await files.put('database', JSON.stringify({ n }));
    replacing = false;
  })();
  const seen = new Set<string>();
  while (replacing) {
    const { value } = await provider.read('database');
    seen.add(JSON.parse(value).n);
    await provider.version?.('database');
  }
  await replaced;
  assert.ok(seen.size > 10, `only ${seen.size} versions were seen`);
  await rm(parent, { recursive: true });
});

describe('a plain directory', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'files-'));
  });
  after(() => rm(directory, { recursive: true }));
  const provider = () => createFileProvider({ directory });
  const refusal = async (name: string): Promise<SecretError> => {
    const error = await provider()
      .read(name)
      .catch((reason: unknown) => reason);
    assert.ok(error instanceof SecretError, String(error));
    return error;
  };

  it('works without the links of a volume, and reads a file that is renamed into place', async () => {
    await writeFile(join(directory, 'database.json'), '{"n":1}');
    const first = await provider().read('database');
    await writeFile(join(directory, 'next'), '{"n":1}');
    await rename(join(directory, 'next'), join(directory, 'database.json'));
    const second = await provider().read('database');
    assert.notEqual(second.version, first.version);
  });

  for (const [title, text] of [
    ['empty', ''],
    ['half', '{"username": "a'],
  ] as const)
    it(`a file that is ${title} counts as unfinished for two seconds`, async () => {
      const path = join(directory, 'torn.json');
      await writeFile(path, text);
      assert.equal((await refusal('torn')).code, 'unavailable');
      const earlier = new Date(Date.now() - 2_000);
      await utimes(path, earlier, earlier);
      assert.equal((await provider().read('torn')).value, text, 'for the store to refuse');
    });

  it('a file that is mounted by itself is refused with the reason', async () => {
    const path = join(directory, 'a file.json');
    await writeFile(path, '{}');
    const mounts = join(directory, 'mountinfo');
    const line = (point: string) => `36 35 98:0 /mnt1 ${point} rw,noatime master:1 - ext3 /dev/root rw`;
    await writeFile(mounts, `${line('/')}\n${line((await realpath(directory)).replaceAll(' ', '\\040'))}\n`);
    assert.equal(await isMountPoint(path, mounts), false, 'the volume itself may be mounted');
    await writeFile(mounts, `${line('/')}\n${line((await realpath(path)).replaceAll(' ', '\\040'))}\n`);
    assert.equal(await isMountPoint(path, mounts), true);
  });

  it('a real mount of one file is refused', {
    skip: !canMount() && notApplicable('this user may not mount'),
  }, async () => {
    const path = join(directory, 'mounted.json');
    await writeFile(path, '{}');
    execFileSync('mount', ['--bind', path, path]);
    try {
      const error = await refusal('mounted');
      assert.equal(error.code, 'invalid');
      assert.match(error.remedy, /subPath/);
    } finally {
      execFileSync('umount', [path]);
    }
  });

  it('a name that is a path outside the directory is refused', async () => {
    assert.equal((await refusal('../outside')).code, 'invalid');
    assert.equal((await refusal('/etc/outside')).code, 'invalid');
  });

  it('a missing directory is named', async () => {
    const error = await createFileProvider({ directory: join(directory, 'nowhere') })
      .read('database')
      .catch((reason) => reason);
    assert.equal(error.code, 'not-found');
    assert.match(error.remedy, /there is no directory .*nowhere/);
  });

  it('a file of another user is denied', {
    skip: process.getuid?.() === 0 && notApplicable('root may read every file'),
  }, async () => {
    await writeFile(join(directory, 'locked.json'), '{}');
    await chmod(join(directory, 'locked.json'), 0);
    assert.equal((await refusal('locked')).code, 'denied');
  });

  it('a directory or a pipe is not read as a file, and does not block', async () => {
    await mkdir(join(directory, 'folder.json'));
    execFileSync('mkfifo', [join(directory, 'pipe.json')]);
    for (const name of ['folder', 'pipe']) {
      const error = await refusal(name);
      assert.equal(error.code, 'invalid');
      assert.match(error.message, /not a file/);
    }
  });

  it('a file that could fill the memory is not read', async () => {
    await writeFile(join(directory, 'huge.json'), '');
    await truncate(join(directory, 'huge.json'), 2 ** 40);
    assert.equal((await refusal('huge')).code, 'invalid');
  });

  it('a link that leads nowhere is not found', async () => {
    await symlink('nowhere.json', join(directory, 'dangling.json'));
    assert.equal((await refusal('dangling')).code, 'not-found');
  });
});

function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const probe = mkdtempSync(join(tmpdir(), 'mount-'));
  try {
    execFileSync('mount', ['--bind', probe, probe], { stdio: 'ignore' });
    execFileSync('umount', [probe], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(probe);
  }
}
