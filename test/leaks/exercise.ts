/** Runs the service as a process through all of its functions, and keeps all output. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { BackendName } from '../../sandbox/backends.ts';
import type { Fault } from '../../sandbox/faults.ts';
import { ROTATABLE, startSandbox } from '../../sandbox/sandbox.ts';
import { startSecretsCommand } from '../../sandbox/secrets-command.ts';
import { startService } from '../../sandbox/service.ts';
import { createPlantedValue } from './scanner.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const FAULTS: Fault[] = [
  { kind: 'malformed' },
  { kind: 'portal' },
  { kind: 'reset' },
  { kind: 'throttled' },
  { kind: 'unavailable' },
  { kind: 'denied' },
  { kind: 'identity' },
];

export interface Left {
  /** Output of the processes, by place. */
  texts: Map<string, string>;
  /** Every value that must not appear in it. */
  planted: Record<string, string>;
}

/** @param nodeOptions added to the service's environment, to cause a leak */
export async function exercise(provider: BackendName, nodeOptions?: string): Promise<Left> {
  const started = Date.now();
  const home = await mkdtemp(join(tmpdir(), 'leaks-'));
  const sandbox = await startSandbox({ provider, createPassword: createPlantedValue });
  const texts = new Map<string, string>();
  const planted: Record<string, string> = {};
  const keep = (where: string, text: string) => texts.set(where, (texts.get(where) ?? '') + text);
  const plant = () => {
    // Keys start with words that are not secret.
    for (const value of sandbox.plantedValues())
      planted[`value ${Object.keys(planted).length}`] = value.replace(/^.*sandbox[-_.](admin-)?/, '');
  };
  plant();

  const start = (settings: Record<string, string> = {}) => {
    const service = startService({
      environment: {
        ...sandbox.environment,
        LOG_LEVEL: 'trace',
        SECRET_TTL: '1',
        LOGIN_RATE_LIMIT: '1000',
        HOME: home,
        TMPDIR: home,
        ...(nodeOptions && { NODE_OPTIONS: nodeOptions }),
        ...settings,
      },
      reaper: sandbox.reaper,
    });
    const { stdout, stderr, pid } = service.process;
    stdout?.on('data', (chunk) => keep('standard output', String(chunk)));
    stderr?.on('data', (chunk) => keep('standard error', String(chunk)));
    readProcess(pid);
    return service;
  };
  /** Data of a process that every user of the machine, or its owner, can read. */
  const readProcess = (pid: number | undefined) => {
    for (const file of ['environ', 'cmdline'])
      try {
        keep(file, readFileSync(`/proc/${pid}/${file}`, 'utf8'));
      } catch {
        // The process has ended, or the system is not Linux.
      }
  };

  const service = start();
  try {
    if (!(await service.ready)) throw new Error(texts.get('standard error'));
    const send = async (method: string, path: string, token?: string, body?: object) => {
      const response = await fetch(`${service.url}${path}`, {
        method,
        headers: {
          ...(token && { Authorization: `Bearer ${token}` }),
          ...(body && { 'Content-Type': 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(10_000),
      });
      const text = await (path === '/events' ? firstEvents(response) : response.text()).catch(String);
      keep(`an answer of ${method} ${path}`, `${JSON.stringify([...response.headers])}\n${text}\n`);
      return text;
    };
    const logIn = async (password: string) =>
      JSON.parse(await send('POST', '/auth/login', undefined, { ...sandbox.user, password })).token;

    /** Calls every route, with and without a token, with a valid body and without one. */
    const sweep = async () => {
      const token = await logIn(sandbox.user.password);
      await logIn(`not ${sandbox.user.password}`);
      await send('POST', '/ai/chat', token, { message: 'hello' });
      await send('POST', '/ai/chat', token, { message: 'hello', stream: true });
      const { paths } = JSON.parse(await send('GET', '/openapi.json'));
      for (const [path, methods] of Object.entries<object>(paths))
        for (const method of Object.keys(methods)) {
          const address = path.replaceAll(/\{[^}]+\}/g, 'x');
          const body = method === 'get' ? undefined : {};
          await send(method.toUpperCase(), address, token, body).catch(() => {});
          await send(method.toUpperCase(), address, undefined, body).catch(() => {});
        }
      await send('GET', '/nowhere', token);
    };

    await sweep();
    for (const secret of ROTATABLE) {
      await sandbox.rotate(secret);
      plant();
      await sweep();
    }
    if (sandbox.writer)
      for (const secret of ROTATABLE) {
        const force = secret === 'jwt' ? ['--force'] : [];
        const command = startSecretsCommand(sandbox, {
          parameters: ['rotate', secret, ...force],
          settings: { SECRET_TTL: '1' },
        });
        readProcess(command.process.pid);
        keep('the command', (await command.ended).lines.join('\n'));
      }
    for (const fault of sandbox.backend.faults ? FAULTS : []) {
      const end = sandbox.backend.faults?.inject(fault);
      await delay(1_200);
      await sweep();
      await start({ SECRET_STARTUP_TIMEOUT: '1' }).ended;
      end?.();
    }
    // A wrong password, twice, because the service falls back to the previous version; then an invalid shape.
    const stolen = createPlantedValue();
    planted.stolen = stolen;
    for (const text of [
      JSON.stringify({ ...sandbox.credentials(), password: stolen }),
      JSON.stringify({ ...sandbox.credentials(), password: `${stolen}.` }),
      JSON.stringify({ username: stolen, password: stolen, port: stolen, sslmode: stolen }),
    ]) {
      await sandbox.backend.put(sandbox.nameOf('database'), text);
      await delay(1_200);
      await sweep();
    }
    await start().ended;
  } finally {
    await service.stop();
    for (const [file, text] of filesSince(started, home)) keep(file, text);
    await sandbox.close();
    await rm(home, { recursive: true });
  }
  return { texts, planted };
}

/** New and changed files below the working directory, the cache of npm's tools and the service's home. */
function filesSince(time: number, home: string): [string, string][] {
  const changed: [string, string][] = [];
  const walk = (directory: string) => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.name === '.git') continue;
      if (entry.name === 'node_modules') walkCache(join(path, '.cache'));
      else if (entry.isDirectory()) walk(path);
      else if (entry.isFile() && statSync(path).mtimeMs >= time)
        changed.push([
          `the file ${relative(ROOT, path)}`,
          readFileSync(path, 'latin1') + readFileSync(path, 'utf8'),
        ]);
    }
  };
  const walkCache = (directory: string) => {
    try {
      walk(directory);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  };
  walk(ROOT);
  walk(home);
  return changed;
}

/** The stream of the console has no end: its history and one state are enough. */
async function firstEvents(response: Response): Promise<string> {
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString();
    if (!response.ok || text.includes('event: tick\n')) break;
  }
  return text;
}
