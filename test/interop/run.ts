/**
 * Installs and starts the independent implementations that this machine can have, each on free ports of
 * 127.0.0.1, runs the suites against them, and ends what it started. What is missing is skipped, and says so.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdir, mkdtemp, realpath, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '../../sandbox/http.ts';
import { startReaper } from '../../sandbox/reaper.ts';

const MOTO = 'moto[server]==5.2.5';
/** The newest that runs on Java 17. Its APIs end with version 7.6. */
const LOWKEY_API_VERSION = '7.6';
const LOWKEY = 'com.github.nagyesta.lowkey-vault:lowkey-vault-app';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cache = join(root, 'node_modules', '.cache', 'interop');
const run = promisify(execFile);

/** Why a part cannot be had here: no failure. */
class Unavailable extends Error {}

const reaper = startReaper();
const directory = await realpath(await mkdtemp(join(tmpdir(), 'interop-')));
reaper.remove(directory);

try {
  const environment: Record<string, string> = {};
  for (const [name, start] of Object.entries({ aws: startMoto, vault: startVault, azure: startLowkey }))
    try {
      Object.assign(environment, await start());
      console.log(`${name}: started`);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      console.log(`${name}: skipped, ${error.message}`);
    }
  // One file at a time: each measures a service under load.
  const suites = spawn(
    process.execPath,
    ['--test', '--test-concurrency=1', '--test-reporter=spec', 'test/interop/*.interop.ts'],
    { cwd: root, env: { ...process.env, ...environment }, stdio: 'inherit' },
  );
  reaper.watch(suites);
  const [code] = await once(suites, 'exit');
  process.exitCode = code ?? 1;
} finally {
  await reaper.close();
}

async function startMoto() {
  const python = find('python3');
  await mkdir(cache, { recursive: true });
  const venv = join(cache, 'moto');
  await run(python, ['-m', 'venv', venv]).catch(unavailable('python3 cannot make a virtual environment'));
  await run(join(venv, 'bin', 'pip'), ['install', '--quiet', MOTO]).catch(
    unavailable(`pip cannot install ${MOTO}`),
  );
  const port = await freePort();
  const server = start(join(venv, 'bin', 'moto_server'), ['-H', '127.0.0.1', '-p', String(port)]);
  const url = `http://127.0.0.1:${port}`;
  await untilAnswering(server, `${url}/moto-api/`);
  return { INTEROP_AWS_ENDPOINT: url };
}

/** OpenBao, or Vault, whose development server keeps everything in memory. */
async function startVault() {
  const binary = find('bao', 'vault');
  const url = `http://127.0.0.1:${await freePort()}`;
  const token = randomUUID();
  const server = start(
    binary,
    ['server', '-dev', '-dev-no-store-token', `-dev-listen-address=${new URL(url).host}`],
    { BAO_DEV_ROOT_TOKEN_ID: token, VAULT_DEV_ROOT_TOKEN_ID: token },
  );
  await untilAnswering(server, `${url}/v1/sys/health`);
  return { INTEROP_VAULT_ADDR: url, INTEROP_VAULT_TOKEN: token };
}

async function startLowkey() {
  const java = find('java');
  const jar = await lowkeyJar();
  const [port, tokenPort] = [await freePort(), await freePort()];
  const server = start(java, [
    ...['-jar', jar, '--server.address=127.0.0.1'],
    ...[`--server.port=${port}`, `--app.token.port=${tokenPort}`],
  ]);
  const identityEndpoint = `http://127.0.0.1:${tokenPort}/metadata/identity/oauth2/token`;
  await untilAnswering(server, `${identityEndpoint}?resource=https://vault.azure.net`);
  const trusted = join(directory, 'lowkey-vault.pem');
  await writeFile(trusted, await certificateOf(port));
  return {
    INTEROP_AZURE_VAULT_URL: `https://localhost:${port}`,
    INTEROP_AZURE_API_VERSION: LOWKEY_API_VERSION,
    IDENTITY_ENDPOINT: identityEndpoint,
    IDENTITY_HEADER: 'any',
    NODE_EXTRA_CA_CERTS: trusted,
  };
}

/**
 * Not installed unasked: its token endpoint listens on every address of the machine, whatever
 * `server.address` says. What it gives out opens nothing but itself.
 */
async function lowkeyJar(): Promise<string> {
  const { LOWKEY_VAULT_JAR: jar, LOWKEY_VAULT_VERSION: version } = process.env;
  if (jar) return jar;
  if (!version)
    throw new Unavailable(
      'set LOWKEY_VAULT_VERSION, 3.4.33 for Java 17, or LOWKEY_VAULT_JAR to have Lowkey Vault',
    );
  await run(find('mvn'), [
    ...['-q', '-B', 'dependency:copy', `-Dartifact=${LOWKEY}:${version}`],
    ...[`-DoutputDirectory=${directory}`, '-Dmdep.useBaseVersion=true'],
  ]).catch(unavailable(`Maven cannot fetch ${LOWKEY}:${version}`));
  return join(directory, `lowkey-vault-app-${version}.jar`);
}

/** The certificate is one the server signed itself. This process has just started that server, on this machine. */
async function certificateOf(port: number): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerX509Certificate();
  socket.destroy();
  if (!certificate) throw new Error('Lowkey Vault shows no certificate.');
  return certificate.toString();
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

/** Nothing of ours in its environment, and its home is a directory that goes with it. */
function start(
  program: string,
  parameters: string[],
  environment: Record<string, string> = {},
): ChildProcess {
  const child = spawn(program, parameters, {
    env: { PATH: process.env.PATH, HOME: directory, ...environment },
    cwd: directory,
    stdio: 'ignore',
    detached: true,
  });
  reaper.watch(child);
  return child;
}

async function untilAnswering(server: ChildProcess, url: string) {
  const deadline = performance.now() + 60_000;
  while (server.exitCode === null && performance.now() < deadline) {
    const response = await fetch(url).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) return;
    await delay(100);
  }
  throw new Error(`${url} does not answer.`);
}

function unavailable(message: string) {
  return (cause: unknown): never => {
    throw new Unavailable(message, { cause });
  };
}
