/**
 * The secrets engine "KV version 2", as far as clients and the Vault command line use it.
 * https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2
 */
import { Router } from 'express';
import type { Clock } from '../src/clock.ts';
import { envelope, nameOf, onWrite, time, VaultError } from './vault-protocol.ts';

interface Version {
  version: number;
  /** Absent when destroyed. */
  data?: object;
  createdAt: number;
  deletedAt?: number;
}

export function createKeyValueEngine(clock: Clock) {
  const secrets = new Map<string, Version[]>();

  const find = (name: string): Version[] => {
    const versions = secrets.get(name);
    if (!versions) throw new VaultError(404);
    return versions;
  };

  const describe = ({ version, data, createdAt, deletedAt }: Version) => ({
    created_time: time(createdAt),
    custom_metadata: null,
    deletion_time: time(deletedAt),
    destroyed: data === undefined,
    version,
  });

  const write = (name: string, data: object) => {
    const versions = secrets.get(name) ?? [];
    const version = { version: versions.length + 1, data, createdAt: clock.wall() };
    secrets.set(name, [...versions, version]);
    return describe(version);
  };

  /** Changes the versions with these numbers; default: the newest one. */
  const change = (name: string, numbers: unknown, apply: (version: Version) => void) => {
    const versions = find(name);
    const chosen = Array.isArray(numbers) ? numbers.map(Number) : [versions.length];
    for (const version of versions) if (chosen.includes(version.version)) apply(version);
  };

  const softDelete = (version: Version) => {
    version.deletedAt ??= clock.wall();
  };

  /** Names directly below a folder. Deeper ones appear as their folder. */
  const list = (folder: string): string[] => {
    const prefix = folder && !folder.endsWith('/') ? `${folder}/` : folder;
    const below = [...secrets.keys()].filter((name) => name.startsWith(prefix));
    return [...new Set(below.map((name) => /^[^/]*\/?/.exec(name.slice(prefix.length))?.[0] ?? ''))].sort();
  };

  const router = Router();

  router.get('/data/*name', (request, response) => {
    const versions = find(nameOf(request));
    const version = versions.at(Number(request.query.version || versions.length) - 1);
    if (!version) throw new VaultError(404);
    const metadata = describe(version);
    if (!version.data || version.deletedAt !== undefined)
      throw new VaultError(404, '', { data: null, metadata });
    response.json(envelope({ data: { data: version.data, metadata } }));
  });

  onWrite(router, '/data/*name', (request, response) => {
    const { data, options } = request.body ?? {};
    if (typeof data !== 'object' || data === null) throw new VaultError(400, 'no data provided');
    const name = nameOf(request);
    if (options?.cas !== undefined && options.cas !== (secrets.get(name)?.length ?? 0))
      throw new VaultError(400, 'check-and-set parameter did not match the current version');
    response.json(envelope({ data: write(name, data) }));
  });

  router.delete('/data/*name', (request, response) => {
    if (secrets.has(nameOf(request))) change(nameOf(request), undefined, softDelete);
    response.status(204).end();
  });

  const onVersions = (path: string, apply: (version: Version) => void) =>
    onWrite(router, `/${path}/*name`, (request, response) => {
      change(nameOf(request), request.body?.versions, apply);
      response.status(204).end();
    });
  onVersions('delete', softDelete);
  onVersions('undelete', (version) => delete version.deletedAt);
  onVersions('destroy', (version) => delete version.data);

  // Node's HTTP parser does not support Vault's method LIST. Clients can use `?list=true` instead.
  router.get('/metadata{/*name}', (request, response) => {
    if (request.query.list) {
      const keys = list(nameOf(request));
      if (keys.length === 0) throw new VaultError(404);
      return void response.json(envelope({ data: { keys } }));
    }
    const versions = find(nameOf(request));
    const described = versions.map(describe);
    const data = {
      cas_required: false,
      created_time: described.at(0)?.created_time,
      updated_time: described.at(-1)?.created_time,
      current_version: versions.length,
      oldest_version: 1,
      max_versions: 0,
      delete_version_after: '0s',
      custom_metadata: null,
      versions: Object.fromEntries(
        described.map(({ version, created_time, deletion_time, destroyed }) => [
          version,
          { created_time, deletion_time, destroyed },
        ]),
      ),
    };
    response.json(envelope({ data }));
  });

  router.delete('/metadata/*name', (request, response) => {
    secrets.delete(nameOf(request));
    response.status(204).end();
  });

  return {
    router,
    write,
    remove: (name: string) => change(name, undefined, softDelete),
    /** Deletes the secret with its metadata. */
    forget: (name: string) => void secrets.delete(name),
    destroy: (name: string, versions: number[]) => change(name, versions, (version) => delete version.data),
  };
}
