/**
 * The images that ours is built from and runs beside. Where no registry can be reached, stand-ins are made of Debian's
 * packages and of what npm has installed. Their versions differ from those of the official images.
 */
import { accessSync, constants } from 'node:fs';
import { copyFile, cp, mkdir, realpath, rm } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { docker, ROOT, run } from './docker.ts';
import { install } from './engine.ts';
import { Unavailable } from './unavailable.ts';

const STAND_INS = join(ROOT, 'test', 'docker', 'stand-ins');
const DEBIAN = 'debian:trixie-slim';

export function createImages(directory: string) {
  const context = join(directory, 'stand-ins');
  const debian = join(directory, 'debian');

  const isThere = (image: string) =>
    docker(['image', 'inspect', image]).then(
      () => true,
      () => false,
    );

  const build = async (image: string, dockerfile: string) => {
    await cp(STAND_INS, context, { recursive: true });
    await docker([
      'build',
      '--network=host',
      `--tag=${image}`,
      `--file=${join(context, dockerfile)}`,
      context,
    ]);
  };

  let installed: Promise<void> | undefined;
  /** Debian in a directory, by debootstrap: the base of every stand-in. It also has the newer parts of Docker. */
  const installDebian = () => {
    installed ??= (async () => {
      await install('debootstrap');
      const parameters = ['--variant=minbase', '--include=ca-certificates,libatomic1,libstdc++6'];
      await run('debootstrap', [...parameters, 'trixie', debian, 'http://deb.debian.org/debian']);
      // The network of this machine may have an authority of its own.
      const authorities = 'etc/ssl/certs/ca-certificates.crt';
      await copyFile(`/${authorities}`, join(debian, authorities));
    })().catch((cause) => {
      throw new Unavailable('Debian cannot be installed for stand-ins', { cause });
    });
    return installed;
  };

  const STAND_IN: Record<string, () => Promise<unknown>> = {
    async [DEBIAN]() {
      await installDebian();
      const archive = join(directory, 'debian.tar');
      await run('tar', ['--create', `--file=${archive}`, `--directory=${debian}`, '--one-file-system', '.']);
      await docker(['import', archive, DEBIAN]);
      await rm(archive);
    },
    async 'node:26-trixie-slim'() {
      await mkdir(context, { recursive: true });
      await copyFile(process.execPath, join(context, 'node'));
      const npm = dirname(dirname(await realpath(find('npm'))));
      await cp(npm, join(context, 'npm'), { recursive: true });
      await build('node:26-trixie-slim', 'node.Dockerfile');
    },
    'postgres:18-trixie': () => build('postgres:18-trixie', 'postgres.Dockerfile'),
    async 'hashicorp/vault:2.0.4'() {
      const binary = find('vault', 'bao');
      await mkdir(context, { recursive: true });
      await copyFile(binary, join(context, 'vault'));
      await build('hashicorp/vault:2.0.4', 'vault.Dockerfile');
    },
  };

  const made: string[] = [];

  /** @throws Unavailable */
  const provide = async (image: string): Promise<void> => {
    if (await isThere(image)) return;
    const pulled = await docker(['pull', '--quiet', image], { timeout: 300_000 }).catch(() => undefined);
    if (pulled) return console.log(`${image}: pulled`);
    if (image !== DEBIAN) await provide(DEBIAN);
    try {
      await STAND_IN[image]?.();
    } catch (cause) {
      if (cause instanceof Unavailable) throw cause;
      throw new Unavailable(`no stand-in for ${image} can be made`, { cause });
    }
    made.unshift(image);
    console.log(`${image}: a stand-in`);
  };

  return {
    provide,

    /** Removes the stand-ins, which have the names of official images. */
    async removeStandIns(): Promise<void> {
      for (const image of made) await docker(['image', 'rm', '--force', image]).catch(() => {});
    },

    /** Compose and BuildKit's command line, where this machine has none: those of Debian, with a configuration of their own. */
    async providePlugins(): Promise<void> {
      const version = (plugin: string) => docker([plugin, 'version']).catch(() => undefined);
      if ((await version('compose')) && (await version('buildx'))) return;
      await installDebian();
      const plugins = join(directory, 'config', 'cli-plugins');
      await mkdir(plugins, { recursive: true });
      const packages = join(debian, 'tmp');
      await run('chroot', [debian, 'apt-get', 'update', '--quiet']);
      await run('chroot', [
        ...[debian, 'sh', '-c'],
        'cd /tmp && apt-get download docker-compose docker-buildx && for p in *.deb; do dpkg-deb -x $p .; done',
      ]);
      for (const name of ['docker-compose', 'docker-buildx'])
        await copyFile(join(packages, 'usr/libexec/docker/cli-plugins', name), join(plugins, name));
      process.env.DOCKER_CONFIG = join(directory, 'config');
    },
  };
}

/** The first of the programs that is on the path. */
function find(...programs: string[]): string {
  for (const program of programs)
    for (const folder of (process.env.PATH ?? '').split(delimiter))
      try {
        accessSync(join(folder, program), constants.X_OK);
        return join(folder, program);
      } catch {}
  throw new Unavailable(`there is no ${programs.join(' and no ')} on the path`);
}
