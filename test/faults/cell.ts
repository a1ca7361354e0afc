/** One cell of the matrix: a service with its own secrets and its own clock. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { chmod, utimes } from 'node:fs/promises';
import type { ClientRequest } from 'node:http';
import { join } from 'node:path';
import type { BackendName } from '../../sandbox/backends.ts';
import { listen } from '../../sandbox/http.ts';
import { loadConfig } from '../../src/config.ts';
import { createLogger } from '../../src/logger.ts';
import type { SecretProvider } from '../../src/secrets/provider.ts';
import { createService, type Service } from '../../src/service.ts';
import { everySide } from '../leaks/scanner.ts';
import { createDrivenClock } from './clock.ts';
import { REQUIRED, type Required, USER, type World } from './world.ts';

export interface CellOptions {
  world: World;
  provider: BackendName;
}

export type Cell = Awaited<ReturnType<typeof createCell>>;

let cells = 0;

export async function createCell({ world, provider }: CellOptions) {
  cells += 1;
  const where = (what: string) => `${what} of a cell of ${provider}`;
  let log = '';
  const destination = {
    write(line: string) {
      log += line;
    },
  };
  const logger = createLogger({ level: 'trace' }, destination);
  const prefix = `cell${cells}`;
  const network = world.networks[provider];
  const files = provider === 'file' ? await world.startFiles(prefix) : undefined;
  const backend = files ?? world[provider as Exclude<BackendName, 'file'>];
  /** Added to the environment: some faults are settings. */
  const settings: Record<string, string> = {};

  const nameOf = (secret: string) =>
    provider === 'file' ? secret : provider === 'azure' ? `${prefix}-${secret}` : `${prefix}/${secret}`;

  const present = new Set<Required>();
  const put = async (secret: Required, text: string) => {
    await backend.put(nameOf(secret), text);
    present.add(secret);
    if (!files) return;
    for (const path of [join(files.directory, '..'), files.directory, join(files.directory, '..data')])
      await chmod(path, 0o755);
    const earlier = new Date(Date.now() - 60_000);
    for (const written of present) {
      const file = join(files.directory, `${written}.json`);
      // Old enough to be a finished file. Readable by all, so that other users than root can be denied.
      await utimes(file, earlier, earlier);
      await chmod(file, 0o444);
    }
  };
  for (const secret of REQUIRED) await put(secret, JSON.stringify(world.values[secret]));

  let inFlight = 0;
  const held = () => network?.faults.held() ?? 0;
  const driven = createDrivenClock({ inFlight: () => inFlight, held });

  const counted = (original: SecretProvider): SecretProvider => {
    const count = async <R>(call: () => Promise<R>): Promise<R> => {
      inFlight += 1;
      if (!network) requests += 1;
      try {
        return await call();
      } catch (error) {
        world.inspect(where('an error'), everySide(error));
        throw error;
      } finally {
        inFlight -= 1;
      }
    };
    const { version } = original;
    return {
      ...original,
      read: (name, options) => count(() => original.read(name, options)),
      ...(version && { version: (name, options) => count(() => version(name, options)) }),
    };
  };

  /** HTTP requests to the backend, or reads of files. */
  let requests = 0;
  const onRequest = (message: unknown) => {
    const { request } = message as { request: ClientRequest };
    if (String(request.getHeader('host')).endsWith(`:${network?.listening.port}`)) requests += 1;
  };
  subscribe('http.client.request.start', onRequest);

  const environment = () => ({
    SECRET_PROVIDER: provider,
    SECRET_PREFIX: prefix,
    // The same for every backend, so that numbers compare. The default for files would be ten seconds.
    SECRET_TTL: '300',
    ...world.environments[provider],
    ...files?.environment,
    ...settings,
  });

  let original: SecretProvider | undefined;
  let service: Service | undefined;
  let server: Awaited<ReturnType<typeof listen>> | undefined;

  return {
    world,
    provider,
    prefix,
    network,
    files,
    settings,
    nameOf,
    put,
    /** Deletes the file of a secret. */
    async remove(secret: Required) {
      present.delete(secret);
      await files?.remove(nameOf(secret));
    },
    clock: driven.clock,
    advance: driven.advance,
    requests: () => requests,
    environment,

    /** Does what `server.ts` does, except listening on a port. @throws StartupError */
    async start({ drive = false } = {}) {
      Object.assign(process.env, world.environments.aws);
      const config = loadConfig(environment());
      original = await config.createProvider(driven.clock);
      const starting = createService({
        config,
        provider: counted(original),
        features: [],
        clock: driven.clock,
        logger,
        random: () => 0.5,
      });
      service = await (drive ? driven.run(starting) : starting);
      server = await listen(service.app);
      return service;
    },

    /** One request to the service. */
    async send(path: string, { token, body }: { token?: string | undefined; body?: object } = {}) {
      const response = await fetch(`${server?.url}${path}`, {
        method: body ? 'POST' : 'GET',
        headers: {
          ...(token && { Authorization: `Bearer ${token}` }),
          ...(body && { 'Content-Type': 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      const headers = JSON.stringify([...response.headers]);
      world.inspect(where(`an answer of ${path}`), `${headers}\n${text}`);
      return { status: response.status, text };
    },

    async logIn(): Promise<string> {
      return JSON.parse((await this.send('/auth/login', { body: USER })).text).token;
    },

    async close() {
      unsubscribe('http.client.request.start', onRequest);
      world.inspect(where('the log'), log);
      await server?.close();
      if (service) await service.close();
      else await original?.close?.();
    },
  };
}
