/**
 * Reads secrets from files `<name>.json` in a directory that Vault Agent, the CSI driver, External Secrets or the
 * kubelet keeps up to date on a memory volume.
 */
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open, readdir, realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { untilAborted } from '../../../deadline.ts';
import { SecretError } from '../../../errors.ts';
import { createSecret, type SecretProvider } from '../../provider.ts';
import { LARGEST_ANSWER } from '../network/no-answer.ts';
import { isMountPoint } from './mount-point.ts';
import { parseVaultAnswer } from './vault-answer.ts';

/** Milliseconds for which a file that is not JSON counts as unfinished. */
const TORN_FOR = 2_000;

/** Opening a pipe would otherwise wait for a writer. Windows has neither. */
const NO_WAITING = constants.O_NONBLOCK ?? 0;

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
          remedy: `Allow the user of this process (uid ${process.getuid?.()}) to read the file: mode 0440 and its group, or fsGroup.`,
          cause,
        });
      default:
        throw new SecretError('unavailable', `Reading ${file} failed`, {
          remedy: `Check the volume at ${directory} and what writes it. A network volume that hangs has this effect.`,
          cause,
        });
    }
  };

  /** Opens the file in the current generation of the volume. Refuses a path outside the directory. */
  const openFile = async (name: string) => {
    for (;;) {
      const root = await resolveDirectory();
      const path = resolve(root, `${name}.json`);
      const inside = relative(root, path);
      if (inside.startsWith('..') || isAbsolute(inside))
        throw new SecretError('invalid', `${name} is a path outside ${directory}`, {
          remedy: 'Use a name without `..`.',
        });
      try {
        return await open(path, constants.O_RDONLY | NO_WAITING);
      } catch (error) {
        // The kubelet deletes the old generation once the link points at a new one, which has the file.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || root === (await resolveDirectory()))
          throw error;
      }
    }
  };

  /** Changes with the file and, unlike a digest, reveals nothing of its content. Deletion changes ctime, so it is left out. */
  const versionOf = ({ ino, mtimeNs, size }: { ino: bigint; mtimeNs: bigint; size: bigint }) =>
    `${mtimeNs.toString(36)}-${ino.toString(36)}-${size.toString(36)}`;

  /** Opens the file for `use`, then closes it. The signal also ends the wait for a volume that hangs. */
  const withFile = async <T>(
    name: string,
    signal: AbortSignal | undefined,
    use: (file: FileHandle, stats: BigIntStats) => Promise<T>,
  ): Promise<T> => {
    const work = async () => {
      const file = await openFile(name);
      try {
        const stats = await file.stat({ bigint: true });
        if (!stats.isFile()) throw notAFile(name, directory);
        return await use(file, stats);
      } finally {
        await file.close();
      }
    };
    try {
      signal?.throwIfAborted();
      return await untilAborted(work(), signal);
    } catch (error) {
      return fail(error, name);
    }
  };

  const read: SecretProvider['read'] = async (name, { stage = 'current', signal } = {}) => {
    if (stage !== 'current')
      throw new SecretError('not-found', `Files have no ${stage} version of ${name}`, {
        remedy: 'Put previous_secret_key into the jwt secret if tokens must outlive a restart.',
      });
    return withFile(name, signal, async (file, before) => {
      if (await isMountPoint(join(directory, `${name}.json`))) throw mountedAlone(name, directory);
      if (before.size > LARGEST_ANSWER) throw tooLarge(name, before.size);
      const value = await file.readFile({ encoding: 'utf8', ...(signal && { signal }) });
      const version = versionOf(await file.stat({ bigint: true }));
      const json = parseJson(value);
      const isYoung = Date.now() - Number(before.mtimeMs) < TORN_FOR;
      if (version !== versionOf(before) || (isYoung && json === undefined)) throw beingWritten(name);
      return createSecret({ name, value, version, createdAt: before.mtime, ...parseVaultAnswer(json) });
    });
  };

  return {
    name: 'file',
    read,

    /** Reads the file, which is small and in memory: it can contain Vault's version, which is better than its time. */
    version: async (name, options) => (await read(name, options)).version,
  };
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const mountedAlone = (name: string, directory: string) =>
  new SecretError('invalid', `${name}.json is mounted by itself and never changes`, {
    remedy: `Kubernetes does not update a subPath mount: mount the whole volume at ${directory} instead.`,
  });

const beingWritten = (name: string) =>
  new SecretError('unavailable', `${name}.json is being written`, {
    remedy: 'Write to a temporary file and rename it, so that no reader sees half of it.',
  });

const notAFile = (name: string, directory: string) =>
  new SecretError('invalid', `${name}.json is a directory or a pipe, not a file`, {
    remedy: `Check what puts ${name}.json into ${directory}. Kubernetes creates a directory where a hostPath names a missing file.`,
  });

const tooLarge = (name: string, size: bigint) =>
  new SecretError('invalid', `${name}.json has ${size} bytes, more than a secret can have`, {
    remedy: `Check what writes ${name}.json: a secret is one JSON object of at most ${LARGEST_ANSWER} bytes.`,
  });
