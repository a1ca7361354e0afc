/** A directory of files as the rest of the program knows it. */
import { z } from 'zod';
import { configure, notes, required, variablesOf } from '../../../variables.ts';
import type { Backend } from '../../backend.ts';

const settings = z.object({
  SECRETS_DIR: required('the directory that holds database.json, jwt.json, openai.json').register(notes, {
    description: 'Directory that a sidecar or volume keeps database.json, jwt.json and openai.json in.',
  }),
});

/** Milliseconds that the kubelet may take to bring a change to every node. */
const VOLUME_DELAY = 180_000;

export const file: Backend = {
  name: 'file',
  title: 'Files of a sidecar or volume',
  identity: 'the user and group that may read the files',
  separator: '-',
  // The directory takes the place of the prefix.
  nameOf: (_prefix, id) => id,
  hasFieldSecrets: false,
  // Checking a file costs next to nothing, and watching it breaks when a volume is replaced.
  ttl: 10_000,
  propagation: (ttl) => VOLUME_DELAY + ttl,
  variables: variablesOf(settings),
  configure: (environment) =>
    configure(settings, environment, ({ SECRETS_DIR: directory }) => ({
      location: { name: `the directory ${directory}`, settings: 'SECRETS_DIR' },
      create: async () => (await import('./provider.ts')).createFileProvider({ directory }),
      describeIdentity: async () =>
        `user ${process.getuid?.() ?? 'of this process'}, group ${process.getgid?.() ?? 'of this process'}`,
    })),
};
