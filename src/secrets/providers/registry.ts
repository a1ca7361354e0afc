/** The backends by name, for every entry point: `npm start`, the commands, and connections by reference. */
import type { Backend } from '../backend.ts';
import * as listed from './index.ts';

const registered = new Map<string, Backend>();

/**
 * Adds a backend under the name that `SECRET_PROVIDER` selects. The line in `index.ts` does this for a backend of the
 * tree; a program that wraps the service calls it before `loadConfig`.
 * @throws Error when the name is taken
 */
export function registerProvider(backend: Backend): void {
  const { name } = backend;
  if (!/^[a-z0-9-]+$/.test(name)) throw new Error(`A provider cannot be named ${name}.`);
  if (registered.has(name)) throw new Error(`A provider named ${name} is registered already.`);
  registered.set(name, backend);
}

for (const backend of Object.values(listed)) registerProvider(backend);

export const allBackends = (): Backend[] => [...registered.values()];

export const providerNames = (): string[] => [...registered.keys()];

/** @param name in any case */
export const findBackend = (name: string): Backend | undefined => registered.get(name.trim().toLowerCase());

/** @throws Error when there is no such backend */
export function getBackend(name: string): Backend {
  const backend = findBackend(name);
  if (!backend) throw new Error(`There is no provider named ${name}.`);
  return backend;
}

/** For remedies: `aws, azure or vault`. */
export const writableNames = (): string =>
  new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(
    allBackends().flatMap(({ name, writer }) => (writer ? [name] : [])),
  );
