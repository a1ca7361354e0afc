/**
 * Secrets as files `<name>.json` in a directory that Vault Agent, the CSI driver, External Secrets or
 * the kubelet keeps up to date on a memory volume.
 */
import { open, readdir, realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { SecretError } from '../../errors.ts';
import { createSecret, type SecretProvider } from '../provider.ts';
import { isMountPoint } from './mount-point.ts';

/** Milliseconds for which a file that is not JSON may be one that somebody is still writing. */
const TORN_FOR = 2_000;

export function createFileProvider({ directory }: { directory: string }): SecretProvider {
  /**
   * The kubelet replaces a volume by pointing the link `..data` at a new directory. Resolving it once per
   * read keeps all files of one read from one generation.
   */
  const resolveDirectory = async () => {
    try {
      return await realpath(join(directory, '..data'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return resolve(directory);
      throw error;
    }
  };

  const fail = async (cause: unknown, name: string): Promise<never> => {
    if (cause instanceof SecretError) throw cause;
    const file = join(directory, `${name}.json`);
    switch ((cause as NodeJS.ErrnoException).code) {
      case 'ENOENT': {
        const exists = await readdir(directory).then(
          () => true,
          () => false,
        );
        throw new SecretError('not-found', `There is no file ${file}`, {
          remedy: exists
            ? `Check that the sidecar or volume writes ${name}.json, and SECRETS_DIR.`
            : `Check SECRETS_DIR and that the volume is mounted: there is no directory ${directory}.`,
          cause,
        });
      }
      case 'EACCES':
      case 'EPERM':
        throw new SecretError('denied', `This process may not read ${file}`, {
          remedy: `Let the user of this process (uid ${process.getuid?.()}) read the file: mode 0440 and its group, or fsGroup.`,
          cause,
        });
      default:
        throw new SecretError('unavailable', `Reading ${file} failed`, {
          remedy: 'Check the volume and what writes it.',
          cause,
        });
    }
  };

  /** Opens the file of one generation of the volume; a path that leaves the directory is refused. */
  const openFile = async (name: string) => {
    for (;;) {
      const root = await resolveDirectory();
      const path = resolve(root, `${name}.json`);
      const inside = relative(root, path);
      if (inside.startsWith('..') || isAbsolute(inside))
        throw new SecretError('invalid', `${name} leads out of ${directory}`, {
          remedy: 'Use a name without `..`.',
        });
      try {
        return await open(path, 'r');
      } catch (error) {
        // The old generation is deleted once the link points at a new one: then the file is there.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || root === (await resolveDirectory()))
          throw error;
      }
    }
  };

  /** Changes with the file and says nothing about its content, as a digest would. Not ctime: deletion changes it. */
  const versionOf = ({ ino, mtimeNs, size }: { ino: bigint; mtimeNs: bigint; size: bigint }) =>
    `${mtimeNs.toString(36)}-${ino.toString(36)}-${size.toString(36)}`;

  return {
    name: 'file',

    async read(name, { stage = 'current', signal } = {}) {
      if (stage !== 'current')
        throw new SecretError('not-found', `Files keep no ${stage} version of ${name}`, {
          remedy: 'Put previous_secret_key into the jwt secret if tokens must outlive a restart.',
        });
      try {
        signal?.throwIfAborted();
        if (await isMountPoint(join(directory, `${name}.json`))) throw mountedAlone(name, directory);
        const file = await openFile(name);
        try {
          const before = await file.stat({ bigint: true });
          const value = await file.readFile({ encoding: 'utf8', ...(signal && { signal }) });
          const version = versionOf(await file.stat({ bigint: true }));
          const isYoung = Date.now() - Number(before.mtimeMs) < TORN_FOR;
          if (version !== versionOf(before) || (isYoung && !isJson(value))) throw beingWritten(name);
          return createSecret({ name, value, version, createdAt: before.mtime });
        } finally {
          await file.close();
        }
      } catch (error) {
        return fail(error, name);
      }
    },

    async version(name, { signal } = {}) {
      try {
        signal?.throwIfAborted();
        const file = await openFile(name);
        try {
          return versionOf(await file.stat({ bigint: true }));
        } finally {
          await file.close();
        }
      } catch (error) {
        return fail(error, name);
      }
    },
  };
}

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

const mountedAlone = (name: string, directory: string) =>
  new SecretError('invalid', `${name}.json is mounted by itself and would never change`, {
    remedy: `Kubernetes does not update a subPath mount: mount the whole volume at ${directory} instead.`,
  });

const beingWritten = (name: string) =>
  new SecretError('unavailable', `${name}.json is being written`, {
    remedy: 'Write to a temporary file and rename it, so that readers never see half of it.',
  });
